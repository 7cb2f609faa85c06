# The Node package. `make check` builds its addon and runs its tests where there
# is a Node; nothing of it is installed. See README.md here.

TESTS += %D%/node.test %D%/system.test
EXTRA_DIST += \
	%D%/README.md \
	%D%/bench/backend.js \
	%D%/bench/express.js \
	%D%/bench/lanes.js \
	%D%/bench/measure.js \
	%D%/bench/retained.js \
	%D%/bench/run.js \
	%D%/examples/backend.js \
	%D%/examples/express.js \
	%D%/lib/arena.js \
	%D%/lib/checker.js \
	%D%/lib/classic.js \
	%D%/lib/compat/osmemoryallocator.d.ts \
	%D%/lib/compat/osmemoryallocator.js \
	%D%/lib/compat/r-alloc.d.ts \
	%D%/lib/compat/r-alloc.js \
	%D%/lib/errors.js \
	%D%/lib/index.d.mts \
	%D%/lib/index.d.ts \
	%D%/lib/index.js \
	%D%/lib/index.mjs \
	%D%/lib/magazine.js \
	%D%/lib/middleware.js \
	%D%/lib/native.js \
	%D%/lib/space.js \
	%D%/lib/store.js \
	%D%/lib/struct.js \
	%D%/lib/window.js \
	%D%/node.test \
	%D%/package.json \
	%D%/scripts/build.js \
	%D%/scripts/prebuild.js \
	%D%/src/addon.c \
	%D%/src/addon.h \
	%D%/src/arenas.c \
	%D%/src/blocks.c \
	%D%/src/bulk.c \
	%D%/src/entries.c \
	%D%/src/host.c \
	%D%/src/layout.c \
	%D%/src/limits.c \
	%D%/src/lock.h \
	%D%/src/looks.c \
	%D%/src/mapping.c \
	%D%/src/regions.c \
	%D%/src/roots.c \
	%D%/src/spaces.c \
	%D%/src/states.c \
	%D%/src/stores.c \
	%D%/src/values.c \
	%D%/system.test \
	%D%/test/arena.js \
	%D%/test/bulk.js \
	%D%/test/checked.js \
	%D%/test/child.js \
	%D%/test/classic.js \
	%D%/test/compat_osmemoryallocator.js \
	%D%/test/compat_r_alloc.js \
	%D%/test/examples.js \
	%D%/test/frameworks.js \
	%D%/test/fuzz.js \
	%D%/test/fuzzer.js \
	%D%/test/growth.js \
	%D%/test/heap.js \
	%D%/test/layout.js \
	%D%/test/large.js \
	%D%/test/lifetime.js \
	%D%/test/limits.js \
	%D%/test/middleware.js \
	%D%/test/model.js \
	%D%/test/no_external.c \
	%D%/test/no_external.js \
	%D%/test/package.js \
	%D%/test/random.js \
	%D%/test/run.js \
	%D%/test/sanitized.js \
	%D%/test/slab.js \
	%D%/test/soak.js \
	%D%/test/space.js \
	%D%/test/strings_views.js \
	%D%/test/struct.js \
	%D%/test/tap.js \
	%D%/test/types.js \
	%D%/test/types/consumer.mts \
	%D%/test/types/consumer.ts \
	%D%/test/types/disposable.ts \
	%D%/test/types/plain.ts \
	%D%/test/types/tsconfig.json \
	%D%/test/types/tsconfig.module.json \
	%D%/test/versions.js \
	%D%/test/workers.js

CLEANFILES += %D%/build/mems.node %D%/build/source/mems.c \
	%D%/build/source/mems.h %D%/build/system.node

# make node-package         the package as npm has it, libmems-VERSION.tgz here,
#                           with an addon for each system that a compiler is for
# make check-node-versions  the tests on other versions of Node, which npm brings
#                           into NODE_VERSIONS
# make check-node-asan      the tests of an addon that is built with sanitizers
NODE_PACKAGE = $(abs_top_builddir)/libmems-$(PACKAGE_VERSION).tgz
NODE_VERSIONS = node-versions

node-package:
	cd $(srcdir)/%D% && npm pack --pack-destination '$(abs_top_builddir)'
	MEMS_PACKAGE='$(NODE_PACKAGE)' node $(srcdir)/%D%/test/run.js package

check-node-versions:
	node $(srcdir)/%D%/scripts/build.js --if-needed
	node $(srcdir)/%D%/test/versions.js '$(NODE_VERSIONS)'

check-node-asan:
	CC='$(CC)' node $(srcdir)/%D%/test/sanitized.js

.PHONY: node-package check-node-versions check-node-asan
