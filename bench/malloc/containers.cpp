/*
 * The containers of C++: maps, strings, vectors and shared pointers.
 */
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct numbers {
	std::uint64_t state;

	std::uint32_t below(std::uint32_t bound)
	{
		state = state * UINT64_C(6364136223846793005) + 1442695040;
		return static_cast<std::uint32_t>((state >> 33) % bound);
	}
};

struct node {
	std::vector<std::shared_ptr<node>> children;
	std::string label;
};

std::shared_ptr<node> grow(numbers &random, int depth)
{
	auto made = std::make_shared<node>();

	made->label = "a label longer than fits " +
		      std::to_string(random.below(100000));
	for (int i = 0; depth > 0 && i < 4; i++)
		made->children.push_back(grow(random, depth - 1));
	return made;
}

std::size_t weigh(const node &top)
{
	std::size_t sum = top.label.size();

	for (const auto &child : top.children)
		sum += weigh(*child);
	return sum;
}

std::size_t count_words(numbers &random)
{
	std::map<std::string, std::vector<int>> places;

	for (int i = 0; i < 300000; i++)
		places["word number " + std::to_string(random.below(30000))]
			.push_back(i);
	std::size_t most = 0;
	for (const auto &entry : places)
		most = entry.second.size() > most ? entry.second.size() : most;
	return most * 100000 + places.size();
}

std::size_t replace_values(numbers &random)
{
	std::unordered_map<std::uint32_t, std::string> values;

	for (int i = 0; i < 800000; i++) {
		std::uint32_t key = random.below(20000);

		if (random.below(3) == 0)
			values.erase(key);
		else
			values[key] = std::string(random.below(120), 'x');
	}
	std::size_t sum = 0;
	for (const auto &entry : values)
		sum += entry.second.size();
	return sum;
}

}

int main()
{
	numbers random = { 1 };
	std::size_t sum = 0;

	for (int i = 0; i < 24; i++)
		sum += weigh(*grow(random, 6));
	std::printf("%zu\n", sum);
	std::printf("%zu\n", count_words(random));
	std::printf("%zu\n", replace_values(random));
	return 0;
}
