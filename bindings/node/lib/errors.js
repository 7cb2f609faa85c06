'use strict';

// Errors that are found before the addon is asked; it makes the same ones.

class MemsError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }

  get name() {
    return 'Error';
  }
}

function coded(error, code) {
  error.code = code;
  return error;
}

const wrongType = (message) => coded(new TypeError(message), 'ERR_MEMS_TYPE');
const wrongRange = (message) => coded(new RangeError(message), 'ERR_MEMS_RANGE');
const wrongAddress = (message) =>
  coded(new RangeError(message), 'ERR_MEMS_ADDRESS');
const closed = (message) => coded(new Error(message), 'ERR_MEMS_CLOSED');
const stale = (message) => coded(new Error(message), 'ERR_MEMS_STALE');

module.exports = {
  MemsError, wrongType, wrongRange, wrongAddress, closed, stale
};
