#!/bin/sh
# Make ./configure. Needs autoconf, automake and libtool.
set -e
cd "$(dirname "$0")"
exec autoreconf -fi -Wall "$@"
