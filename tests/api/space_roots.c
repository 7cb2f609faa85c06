/* Named roots. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "tap.h"

static mems_space *space;

static int get_fails(const char *name, int error)
{
	errno = 0;
	return mems_space_root_get(space, name) == MEMS_VA_NONE &&
	       errno == error;
}

static void a_name_leads_to_its_address(void)
{
	ok(get_fails("list", ENOENT), "a new space has no names");
	is(mems_space_root_set(space, "list", 1000), 0, "a name is set");
	is(mems_space_root_get(space, "list"), 1000, "it leads to its address");
	is(mems_space_root_set(space, "list", 123456789012), 0,
	   "it takes another address, valid or not");
	is(mems_space_root_get(space, "list"), 123456789012, "the new one");
	ok(get_fails("lis", ENOENT), "the start of a name is no name");
	ok(get_fails("lists", ENOENT), "nor is more than a name");
	is(mems_space_root_set(space, "none", MEMS_VA_NONE), 0,
	   "a name can lead to no address");
	errno = 0;
	ok(mems_space_root_get(space, "none") == MEMS_VA_NONE && errno == 0,
	   "which is no error");
	is(mems_space_root_remove(space, "list"), 0, "a name is forgotten");
	ok(get_fails("list", ENOENT), "then it is unknown");
	is(mems_space_root_remove(space, "list"), -ENOENT,
	   "and cannot be forgotten again");
	is(mems_space_root_get(space, "none"), MEMS_VA_NONE,
	   "the other is still there");
	is(mems_space_root_remove(space, "none"), 0, "and is forgotten too");
}

static void names_have_a_length(void)
{
	char name[MEMS_ROOT_NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[MEMS_ROOT_NAME_MAX + 1] = '\0';
	is(mems_space_root_set(space, name, 1), -EINVAL, "one byte too long");
	is(mems_space_root_remove(space, name), -EINVAL, "to forget too");
	ok(get_fails(name, EINVAL), "and to ask for");
	name[MEMS_ROOT_NAME_MAX] = '\0';
	is(mems_space_root_set(space, name, 2), 0, "the longest name");
	is(mems_space_root_get(space, name), 2, "is a name");
	name[MEMS_ROOT_NAME_MAX - 1] = 'm';
	ok(get_fails(name, ENOENT), "and counts to its last byte");
	name[MEMS_ROOT_NAME_MAX - 1] = 'n';
	is(mems_space_root_remove(space, name), 0, "it is forgotten");
	is(mems_space_root_set(space, "", 1), -EINVAL, "an empty name");
	is(mems_space_root_remove(space, ""), -EINVAL, "to forget too");
	ok(get_fails("", EINVAL), "and to ask for");
	is(mems_space_root_set(space, NULL, 1), -EINVAL, "no name");
	is(mems_space_root_remove(space, NULL), -EINVAL, "to forget too");
	ok(get_fails(NULL, EINVAL), "and to ask for");
	is(mems_space_root_set(space, "\xc3\xbc \xff\x01", 7), 0,
	   "any bytes make a name");
	is(mems_space_root_get(space, "\xc3\xbc \xff\x01"), 7, "they do");
	mems_space_root_remove(space, "\xc3\xbc \xff\x01");
}

static void there_are_so_many_names(void)
{
	char name[24];
	int right = 0;

	for (int i = 0; i < MEMS_ROOTS_MAX; i++) {
		snprintf(name, sizeof(name), "root %d", i);
		right += mems_space_root_set(space, name,
					     1000 + (mems_va)i) == 0;
	}
	is(right, MEMS_ROOTS_MAX, "%d names can be set", MEMS_ROOTS_MAX);
	is(mems_space_root_set(space, "one more", 1), -ENOSPC, "but not more");
	ok(get_fails("one more", ENOENT), "it was not set");
	is(mems_space_root_set(space, "root 5", 55), 0,
	   "one of them takes another address");
	is(mems_space_root_get(space, "root 5"), 55, "it has");
	is(mems_space_root_remove(space, "root 40"), 0, "one is forgotten");
	is(mems_space_root_set(space, "one more", 40), 0, "so there is room");
	right = 0;
	for (int i = 0; i < MEMS_ROOTS_MAX; i++) {
		mems_va want = i == 5 ? 55 : i == 40 ? 0 : 1000 + (mems_va)i;

		snprintf(name, sizeof(name), "root %d", i);
		right += mems_space_root_get(space, name) == want;
	}
	is(right, MEMS_ROOTS_MAX, "each leads to its own address");
	is(mems_space_root_get(space, "one more"), 40, "the new one too");
	ok(space_is_sound(space), "the space is sound");
}

static void names_do_not_depend_on_blocks(void)
{
	mems_va va = mems_space_alloc(space, 100);

	is(mems_space_root_set(space, "root 6", va), 0, "a block has a name");
	mems_space_free(space, va);
	is(mems_space_root_get(space, "root 6"), va,
	   "which outlives the block");
	is(mems_space_defrag(space, NULL), 0, "defrag");
	is(mems_space_root_get(space, "root 6"), va, "leaves it");
}

int main(void)
{
	space = space_make(1 << 20);
	a_name_leads_to_its_address();
	names_have_a_length();
	there_are_so_many_names();
	names_do_not_depend_on_blocks();
	mems_space_destroy(space);
	return done_testing();
}
