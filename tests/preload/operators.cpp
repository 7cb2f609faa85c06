// The operators new and delete in all forms, as a program in C++ sees them.
#include <new>

#ifdef __cpp_aligned_new

#include <map>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

// Behind those of C++, which have names that it takes for its own.
#include "family.h"

namespace {

struct alignas(256) wide {
	char bytes[256];
};

struct heavy {
	char bytes[5000];
	~heavy() { bytes[0] = 0; }
};

int asked;

void free_something()
{
	if (++asked == 3)
		std::set_new_handler(nullptr);
}

struct special : std::bad_alloc {
};

void throw_special()
{
	asked++;
	throw special();
}

rlimit allowed;

void lift_limit()
{
	asked++;
	setrlimit(RLIMIT_DATA, &allowed);
}

// What no system has.
std::size_t too_much()
{
	return (std::size_t)hide(PTRDIFF_MAX / 2 + 1);
}

template <typename function> bool throws_bad_alloc(function call)
{
	try {
		call();
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

bool is_at(void *block, std::size_t alignment)
{
	return block != nullptr && (std::uintptr_t)block % alignment == 0;
}

void every_form_gives_blocks()
{
	bool good = true;

	for (std::size_t size = 0; size < 200000; size = size * 3 + 1) {
		void *block = hide(::operator new(size));
		good = good && is_at(block, 16);
		::operator delete(block);
		block = hide(::operator new[](size));
		good = good && is_at(block, 16);
		::operator delete[](block);
		block = hide(::operator new(size, std::nothrow));
		good = good && is_at(block, 16);
		::operator delete(block, std::nothrow);
		block = hide(::operator new[](size, std::nothrow));
		good = good && is_at(block, 16);
		::operator delete[](block, std::nothrow);
		block = hide(::operator new(size));
		::operator delete(block, size);
		block = hide(::operator new[](size));
		::operator delete[](block, size);
	}
	ok(good, "the plain forms give blocks");
	for (std::size_t at = 1; at <= 1 << 20; at *= 2) {
		auto alignment = std::align_val_t(at);
		std::size_t size = at * 3 / 2;

		void *block = hide(::operator new(size, alignment));
		good = good && is_at(block, at);
		::operator delete(block, alignment);
		block = hide(::operator new[](size, alignment));
		good = good && is_at(block, at);
		::operator delete[](block, alignment);
		block = hide(::operator new(size, alignment, std::nothrow));
		good = good && is_at(block, at);
		::operator delete(block, alignment, std::nothrow);
		block = hide(::operator new[](size, alignment, std::nothrow));
		good = good && is_at(block, at);
		::operator delete[](block, alignment, std::nothrow);
		block = hide(::operator new(size, alignment));
		::operator delete(block, size, alignment);
		block = hide(::operator new[](size, alignment));
		::operator delete[](block, size, alignment);
	}
	ok(good, "the aligned ones too");
	auto *one = new wide;
	auto *many = new wide[7];
	ok(is_at(hide(one), 256) && is_at(hide(many), 256),
	   "types have their alignment");
	delete one;
	delete[] many;
	delete[] new heavy[3];
	char *mixed = static_cast<char *>(hide(::operator new(100)));
	std::size_t usable = malloc_usable_size(mixed);
	ok(usable >= 100, "a block of new is one of malloc");
	free(mixed);
}

void without_memory_it_throws()
{
	auto alignment = std::align_val_t(64);

	ok(throws_bad_alloc([] { hide(::operator new(too_much())); }),
	   "new throws std::bad_alloc");
	ok(throws_bad_alloc([] { hide(::operator new[](too_much())); }),
	   "so does that of arrays");
	ok(throws_bad_alloc([=] {
		   hide(::operator new(too_much(), alignment));
	   }), "and that with an alignment");
	ok(throws_bad_alloc([] {
		   hide(::operator new(10, std::align_val_t(48)));
	   }), "an alignment must be a power of two");
	ok(throws_bad_alloc([] {
		   std::vector<char> bytes(too_much() - 1);
		   hide(bytes.data());
	   }), "a container lets it pass");
	ok(::operator new(too_much(), std::nothrow) == nullptr &&
	   ::operator new[](too_much(), std::nothrow) == nullptr &&
	   ::operator new(too_much(), alignment, std::nothrow) == nullptr &&
	   ::operator new[](too_much(), alignment, std::nothrow) == nullptr,
	   "the forms with nothrow give a null pointer");
	ok(::operator new(10, std::align_val_t(48), std::nothrow) == nullptr,
	   "also where an alignment is no power of two");
}

void the_handler_is_called()
{
	auto alignment = std::align_val_t(64);

	asked = 0;
	std::set_new_handler(free_something);
	ok(throws_bad_alloc([] { hide(::operator new(too_much())); }) &&
	   asked == 3, "new asks the handler until there is none");
	asked = 0;
	std::set_new_handler(throw_special);
	try {
		hide(::operator new(too_much()));
		ok(false, "the handler throws");
	} catch (const special &) {
		ok(asked == 1, "the handler throws");
	}
	ok(::operator new(too_much(), std::nothrow) == nullptr &&
	   ::operator new[](too_much(), std::nothrow) == nullptr &&
	   ::operator new(too_much(), alignment, std::nothrow) == nullptr &&
	   ::operator new[](too_much(), alignment, std::nothrow) == nullptr,
	   "the forms with nothrow let none of it pass");
#ifndef STATIC
	ok(asked == 5, "they ask it as well");
#endif
	std::set_new_handler(nullptr);
}

void the_handler_finds_memory()
{
	rlimit none;
	void *block;

	getrlimit(RLIMIT_DATA, &allowed);
	none = allowed;
	none.rlim_cur = 4096;
	asked = 0;
	std::set_new_handler(lift_limit);
	setrlimit(RLIMIT_DATA, &none);
	block = hide(::operator new(100 << 20));
	setrlimit(RLIMIT_DATA, &allowed);
	std::set_new_handler(nullptr);
	ok(block != nullptr, "what a handler finds memory for is had");
	if (asked == 0)
		skip("the system does not obey limits");
	else
		is(asked, 1, "at the next try");
	::operator delete(block);
}

struct last_words {
	std::map<std::string, std::string> *words = nullptr;

	~last_words()
	{
		std::string text(1000, 'x');

		delete words;
		hide(&text[0]);
		delete new std::vector<int>(100000);
	}
};

thread_local last_words of_thread;
last_words of_process;

void use(last_words &words)
{
	words.words = new std::map<std::string, std::string>;
	for (int i = 0; i < 1000; i++)
		(*words.words)[std::to_string(i)] = std::string(i, 'y');
}

void objects_end_late()
{
	std::vector<std::thread> threads;

	use(of_process);
	for (int i = 0; i < 30; i++)
		threads.emplace_back([] { use(of_thread); });
	for (auto &thread : threads)
		thread.join();
	ok(true, "thread_local objects allocate and free at their end");
}

} // namespace

int main()
{
	if (!ok(malloc_is_ours(), "malloc is that of libmems"))
		return done_testing();
	every_form_gives_blocks();
	without_memory_it_throws();
	the_handler_is_called();
	the_handler_finds_memory();
	objects_end_late();
	return done_testing();
}

#else

#include <cstdio>

int main()
{
	std::puts("1..0 # SKIP this C++ has no aligned new");
}

#endif
