# The manual. Calls that belong together share a page under the name of the
# first; the others are links, made when the pages are installed.

dist_man_MANS = \
	%D%/man1/mems.1 \
	%D%/man3/mems_arena_address.3 \
	%D%/man3/mems_arena_alloc.3 \
	%D%/man3/mems_arena_cleanup.3 \
	%D%/man3/mems_arena_common.3 \
	%D%/man3/mems_arena_contains.3 \
	%D%/man3/mems_arena_create.3 \
	%D%/man3/mems_arena_free.3 \
	%D%/man3/mems_arena_refer.3 \
	%D%/man3/mems_arena_reset.3 \
	%D%/man3/mems_arena_stats.3 \
	%D%/man3/mems_arena_strdup.3 \
	%D%/man3/mems_arena_verify.3 \
	%D%/man3/mems_depot_alloc.3 \
	%D%/man3/mems_depot_create.3 \
	%D%/man3/mems_depot_share.3 \
	%D%/man3/mems_depot_walk.3 \
	%D%/man3/mems_get.3 \
	%D%/man3/mems_heap_alloc.3 \
	%D%/man3/mems_heap_alloc_batch.3 \
	%D%/man3/mems_heap_create.3 \
	%D%/man3/mems_heap_destroy.3 \
	%D%/man3/mems_heap_free.3 \
	%D%/man3/mems_heap_json.3 \
	%D%/man3/mems_heap_limit.3 \
	%D%/man3/mems_heap_print.3 \
	%D%/man3/mems_heap_realloc.3 \
	%D%/man3/mems_heap_stats.3 \
	%D%/man3/mems_heap_trim.3 \
	%D%/man3/mems_heap_usable_size.3 \
	%D%/man3/mems_heap_verify.3 \
	%D%/man3/mems_heap_walk.3 \
	%D%/man3/mems_init.3 \
	%D%/man3/mems_malloc.3 \
	%D%/man3/mems_print_stats.3 \
	%D%/man3/mems_site_alloc.3 \
	%D%/man3/mems_site_csv.3 \
	%D%/man3/mems_slab_address.3 \
	%D%/man3/mems_slab_alloc.3 \
	%D%/man3/mems_slab_contains.3 \
	%D%/man3/mems_slab_create.3 \
	%D%/man3/mems_slab_share.3 \
	%D%/man3/mems_slab_shrink.3 \
	%D%/man3/mems_slab_stats.3 \
	%D%/man3/mems_slab_verify.3 \
	%D%/man3/mems_slab_walk.3 \
	%D%/man3/mems_small_class.3 \
	%D%/man3/mems_space_alloc.3 \
	%D%/man3/mems_space_contains.3 \
	%D%/man3/mems_space_create.3 \
	%D%/man3/mems_space_destroy.3 \
	%D%/man3/mems_space_extend.3 \
	%D%/man3/mems_space_draw.3 \
	%D%/man3/mems_space_free.3 \
	%D%/man3/mems_space_get.3 \
	%D%/man3/mems_space_json.3 \
	%D%/man3/mems_space_limit.3 \
	%D%/man3/mems_space_print.3 \
	%D%/man3/mems_space_read.3 \
	%D%/man3/mems_space_resize.3 \
	%D%/man3/mems_space_root_set.3 \
	%D%/man3/mems_space_stats.3 \
	%D%/man3/mems_space_trim.3 \
	%D%/man3/mems_space_usable_size.3 \
	%D%/man3/mems_space_va.3 \
	%D%/man3/mems_space_verify.3 \
	%D%/man3/mems_space_walk.3 \
	%D%/man3/mems_version.3 \
	%D%/man3/mems_write_fd.3 \
	%D%/man7/libmems-malloc.7 \
	%D%/man7/libmems.7 \
	%D%/man7/mems_layout.7

# alias:page
man_aliases = \
	mems_arena_aligned_alloc:mems_arena_alloc \
	mems_arena_alloc_inline:mems_arena_alloc \
	mems_arena_attach:mems_arena_address \
	mems_arena_calloc:mems_arena_alloc \
	mems_arena_destroy:mems_arena_create \
	mems_arena_detach:mems_arena_address \
	mems_arena_find:mems_arena_refer \
	mems_arena_free_sized:mems_arena_free \
	mems_arena_printf:mems_arena_strdup \
	mems_arena_rewind:mems_arena_reset \
	mems_arena_save:mems_arena_reset \
	mems_arena_strndup:mems_arena_strdup \
	mems_arena_vprintf:mems_arena_strdup \
	mems_depot_address:mems_depot_share \
	mems_depot_adopt:mems_depot_share \
	mems_depot_attach:mems_depot_share \
	mems_depot_destroy:mems_depot_create \
	mems_depot_detach:mems_depot_share \
	mems_depot_free:mems_depot_alloc \
	mems_depot_magazine:mems_depot_share \
	mems_depot_shrink:mems_depot_walk \
	mems_depot_stats:mems_slab_stats \
	mems_depot_usable_size:mems_depot_alloc \
	mems_depot_verify:mems_depot_walk \
	mems_finish:mems_init \
	mems_free:mems_malloc \
	mems_heap_aligned_alloc:mems_heap_alloc \
	mems_heap_calloc:mems_heap_alloc \
	mems_heap_collect:mems_heap_trim \
	mems_heap_free_batch:mems_heap_alloc_batch \
	mems_heap_free_sized:mems_heap_free \
	mems_heap_good_size:mems_heap_usable_size \
	mems_site_free:mems_site_alloc \
	mems_site_json:mems_site_csv \
	mems_site_watch:mems_site_alloc \
	mems_slab_adopt:mems_slab_share \
	mems_slab_attach:mems_slab_address \
	mems_slab_bits:mems_small_class \
	mems_slab_destroy:mems_slab_create \
	mems_slab_detach:mems_slab_share \
	mems_slab_free:mems_slab_alloc \
	mems_slab_magazine:mems_slab_address \
	mems_space_aligned_alloc:mems_space_alloc \
	mems_space_calloc:mems_space_alloc \
	mems_space_copy:mems_space_read \
	mems_space_defrag:mems_space_trim \
	mems_space_fill:mems_space_read \
	mems_space_root_get:mems_space_root_set \
	mems_space_root_remove:mems_space_root_set \
	mems_space_write:mems_space_read

install-data-hook:
	cd "$(DESTDIR)$(man3dir)" && for pair in $(man_aliases); do \
		rm -f $${pair%:*}.3 && \
		$(LN_S) $${pair#*:}.3 $${pair%:*}.3 || exit 1; \
	done

uninstall-hook:
	for pair in $(man_aliases); do \
		rm -f "$(DESTDIR)$(man3dir)/$${pair%:*}.3"; \
	done

# What the headers, the library, the pages and NEWS say must be the same.
TESTS += \
	tests/meta/examples.test \
	tests/meta/headers.test \
	tests/meta/layers.test \
	tests/meta/libc.test \
	tests/meta/malloc.test \
	tests/meta/pages.test \
	tests/meta/symbols.test

EXTRA_DIST += \
	tests/meta/calls.awk \
	tests/meta/code.awk \
	tests/meta/examples.test \
	tests/meta/headers.test \
	tests/meta/layers.test \
	tests/meta/libc.test \
	tests/meta/malloc.test \
	tests/meta/meta.sh \
	tests/meta/page.awk \
	tests/meta/pages.test \
	tests/meta/symbols.test
