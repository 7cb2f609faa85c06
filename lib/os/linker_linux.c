/* The kernel tells where it put the linker; its headers tell how long it is. */
#include <config.h>

#include "os/linker.h"

#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>

/* Is `offset` in one of the parts of a file that were loaded? */
static bool is_in(const ElfW(Phdr) *part, int count, uintptr_t offset)
{
	for (; count > 0; part++, count--)
		if (part->p_type == PT_LOAD &&
		    offset - part->p_vaddr < part->p_memsz)
			return true;
	return false;
}

bool mems__is_linker(const void *address)
{
	uintptr_t base = (uintptr_t)getauxval(AT_BASE);
	const ElfW(Ehdr) *header = (const void *)base;

	/* A static program has none, or all of it is: nobody can tell. */
	return base == 0 ||
	       is_in((const void *)(base + header->e_phoff), header->e_phnum,
		     (uintptr_t)address - base);
}

/* The borders of the part that holds this very function. */
static int find_ours(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t *border = arg;
	uintptr_t here = (uintptr_t)&mems__is_ours - info->dlpi_addr;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD &&
		    here - part->p_vaddr < part->p_memsz) {
			border[0] = info->dlpi_addr + part->p_vaddr;
			border[1] = border[0] + part->p_memsz;
			return 1;
		}
	}
	return 0;
}

bool mems__is_ours(const void *address)
{
	static uintptr_t border[2];

	if (border[1] == 0)
		dl_iterate_phdr(find_ours, border);
	return (uintptr_t)address >= border[0] &&
	       (uintptr_t)address < border[1];
}
