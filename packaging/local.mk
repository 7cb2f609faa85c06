# packaging/setup installs what the checks for distributions need.

EXTRA_DIST += %D%/setup
