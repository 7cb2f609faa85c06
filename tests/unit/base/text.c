/* The buffered writer of text. */
#include <config.h>

#include <string.h>

#include "base/text.h"
#include "tap.h"

/* Takes what is written, until it is told to fail. */
struct sink {
	char bytes[32768];
	size_t length;
	size_t largest;		/* piece */
	int calls;
	int fail_at;		/* this call, the first being 1 */
	int answer;
};

static int sink_write(void *arg, const char *text, size_t length)
{
	struct sink *sink = arg;

	if (++sink->calls == sink->fail_at)
		return sink->answer;
	if (length > sizeof(sink->bytes) - 1 - sink->length)
		return -1;
	memcpy(sink->bytes + sink->length, text, length);
	sink->length += length;
	sink->bytes[sink->length] = '\0';
	if (length > sink->largest)
		sink->largest = length;
	return 0;
}

static struct sink sink;
static struct text text;

static void begin(void)
{
	memset(&sink, 0, sizeof(sink));
	mems__text_begin(&text, sink_write, &sink);
}

/* What has been written since begin(), now that all of it is. */
static const char *written(void)
{
	if (mems__text_end(&text) != 0)
		return "an error";
	return sink.bytes;
}

static void numbers_are_written_in_full(void)
{
	static const struct {
		uint64_t number;
		const char *decimal, *tenths;
	} table[] = {
		{ 0, "0", "0" },
		{ 7, "7", "0.7" },
		{ 10, "10", "1" },
		{ 105, "105", "10.5" },
		{ 1000, "1000", "100" },
		{ 9007199254740993, "9007199254740993", "900719925474099.3" },
		{ UINT64_MAX, "18446744073709551615", "1844674407370955161.5" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin();
		mems__text_decimal(&text, table[i].number);
		is_str(written(), table[i].decimal, "%s as a decimal",
		       table[i].decimal);
		begin();
		mems__text_tenths(&text, table[i].number);
		is_str(written(), table[i].tenths, "%s tenths",
		       table[i].decimal);
	}
}

static void a_template_takes_its_numbers_in_order(void)
{
	begin();
	mems__text_fill(&text, "$", (uint64_t[]){ 1 });
	mems__text_fill(&text, "[$:$] ~px", (uint64_t[]){ 2, 3, 45 });
	mems__text_fill(&text, "~~$", (uint64_t[]){ 60, 7, 8 });
	is_str(written(), "1[2:3] 4.5px60.78", "each mark takes the next");
	begin();
	mems__text_fill(&text, "no marks, 5 %", NULL);
	is_str(written(), "no marks, 5 %", "without marks no number is read");
	begin();
	mems__text_fill(&text, "", NULL);
	is_str(written(), "", "an empty template is nothing");
}

static void text_waits_in_the_buffer(void)
{
	begin();
	mems__text_string(&text, "one ");
	mems__text_string(&text, "piece");
	is(sink.calls, 0, "short text is not written at once");
	is_str(written(), "one piece", "but at the end");
	is(sink.calls, 1, "in one call");
	is(mems__text_end(&text), 0, "a second end is allowed");
	is(sink.calls, 1, "and writes nothing again");
}

static void no_text_is_no_call(void)
{
	begin();
	mems__text_string(&text, "");
	mems__text_bytes(&text, NULL, 0);
	is(mems__text_end(&text), 0, "no text is no error");
	is(sink.calls, 0, "and is not written");
}

static void text_longer_than_the_buffer_stays_whole(void)
{
	static char long_text[4 * sizeof(text.buffer)];
	size_t buffer = sizeof(text.buffer), wrong = 0;

	for (size_t i = 0; i < sizeof(long_text); i++)
		long_text[i] = (char)('a' + i % 23);
	/* One piece of each length that begins or ends near a full buffer. */
	for (size_t first = buffer - 2; first <= buffer + 2; first++) {
		for (size_t more = 0; more <= 2 * buffer; more += buffer / 2) {
			begin();
			mems__text_bytes(&text, long_text, first);
			mems__text_bytes(&text, long_text + first, more);
			wrong += mems__text_end(&text) != 0;
			wrong += sink.length != first + more;
			wrong += memcmp(sink.bytes, long_text, first + more)
				 != 0;
			wrong += sink.largest > buffer;
		}
	}
	is(wrong, 0, "every length arrives whole, no piece above the buffer");

	begin();
	for (int i = 0; i < 3000; i++)
		mems__text_fill(&text, "$,", (uint64_t[]){ 12345 });
	mems__text_end(&text);
	is(sink.length, 3000 * 6, "many short pieces have their length");
	for (size_t i = 0; i < sink.length; i++)
		wrong += sink.bytes[i] != "12345,"[i % 6];
	is(wrong, 0, "and their bytes");
}

static void the_first_error_sticks(int answer)
{
	begin();
	sink.fail_at = 2;
	sink.answer = answer;
	for (int i = 0; i < 5000; i++)
		mems__text_string(&text, "text ");
	is(text.error, answer, "the answer %d can be seen", answer);
	is(sink.calls, 2, "no call follows it");
	is(mems__text_end(&text), answer, "it is given at the end");
	is(sink.calls, 2, "and the end writes nothing");
	is(sink.length, sizeof(text.buffer), "what came before is written");
}

static void an_error_of_the_last_piece_is_given(void)
{
	begin();
	sink.fail_at = 1;
	sink.answer = -28;
	mems__text_string(&text, "text");
	is(mems__text_end(&text), -28, "the end gives its own error");
	is(mems__text_end(&text), -28, "and gives it again");
	is(sink.calls, 1, "without another call");
}

static void a_caller_can_make_it_fail(void)
{
	begin();
	mems__text_string(&text, "text");
	mems__text_fail(&text, 0);
	is(text.error, 0, "0 is no error");
	mems__text_fail(&text, -5);
	mems__text_fail(&text, -6);
	is(mems__text_end(&text), -5, "the first error is kept");
	is(sink.calls, 0, "and nothing is written after it");
}

int main(void)
{
	numbers_are_written_in_full();
	a_template_takes_its_numbers_in_order();
	text_waits_in_the_buffer();
	no_text_is_no_call();
	text_longer_than_the_buffer_stays_whole();
	the_first_error_sticks(-5);
	the_first_error_sticks(7);
	an_error_of_the_last_piece_is_given();
	a_caller_can_make_it_fail();
	return done_testing();
}
