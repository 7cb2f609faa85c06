// An object in C++ that a program in C loads.
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

namespace {

int asked;

void give_up()
{
	asked++;
	std::set_new_handler(nullptr);
}

} // namespace

extern "C" __attribute__((visibility("default"))) int catches();

int catches()
{
	volatile std::size_t much = PTRDIFF_MAX / 2 + 1;
	int caught = 0;

	try {
		::operator delete(::operator new(much));
	} catch (const std::bad_alloc &) {
		caught++;
	}
	try {
		// Not from this object, but from the C++ library.
		std::string text(much - 10, 'x');
		caught -= text[0];
	} catch (const std::bad_alloc &) {
		caught++;
	}
	std::set_new_handler(give_up);
	try {
		::operator delete(::operator new(much));
	} catch (const std::bad_alloc &) {
		caught += asked;
	}
	return caught;
}
