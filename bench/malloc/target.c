#include "target.h"

#include <stdarg.h>

#include "json_text.h"

struct target *target_add(struct targets *targets, double limit, bool at_least,
			  const char *format, ...)
{
	struct target *target = &targets->list[targets->count++];
	va_list arguments;

	*target = (struct target){ .limit = limit, .at_least = at_least };
	va_start(arguments, format);
	vsnprintf(target->text, sizeof(target->text), format, arguments);
	va_end(arguments);
	return target;
}

void target_set(struct target *target, double value)
{
	target->value = value;
	target->known = value > 0;
}

bool target_holds(const struct target *target)
{
	return target->at_least ? target->value >= target->limit :
				  target->value <= target->limit;
}

void targets_print(const struct targets *targets)
{
	for (int i = 0; i < targets->count; i++) {
		const struct target *target = &targets->list[i];

		printf("%-12s %-62s %s %g", !target->known ? "not measured" :
		       target_holds(target) ? "holds" : "falls short",
		       target->text, target->at_least ? ">=" : "<=",
		       target->limit);
		if (target->known)
			printf(": %.3g%s%s%s", target->value,
			       target->note[0] != '\0' ? " (" : "",
			       target->note,
			       target->note[0] != '\0' ? ")" : "");
		printf("\n");
	}
}

void targets_write(const struct targets *targets, FILE *file)
{
	bool first = true;

	fprintf(file, " \"targets\": [");
	for (int i = 0; i < targets->count; i++) {
		const struct target *target = &targets->list[i];

		if (!target->known)
			continue;
		fprintf(file, "%s\n  {\"target\": ", json_comma(&first));
		json_string(file, target->text);
		fprintf(file, ", \"%s\": %g, \"value\": %.6g, \"holds\": %s, "
			"\"note\": ", target->at_least ? "at_least" : "at_most",
			target->limit, target->value,
			target_holds(target) ? "true" : "false");
		json_string(file, target->note);
		fprintf(file, "}");
	}
	fprintf(file, "]\n");
}
