// The same for `import`.
import mems from './index.js';

export * from './index.js';
export default mems;
