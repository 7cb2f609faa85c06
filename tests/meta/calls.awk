# The calls that headers declare, one a line:
#
#	NAME HEADER symbol|inline CODES PROTOTYPE
#
# CODES are the errors of the contract, "EINVAL,ENOMEM", or "-": those named in
# the comment above, those of a call that the comment refers to ("The same",
# "Returns as X()"), and EINVAL for each call on a space, a heap, an arena, a
# slab cache or a depot that is more than an inline, which is what their headers
# say at their beginning. Names with two underlines are nobody's business. "ENOMEM as for X()" is ENOMEM alone.

function add(list, code)
{
	if (index("," list ",", "," code ","))
		return list
	return list == "" ? code : list "," code
}

function add_all(list, more, i, n, parts)
{
	n = split(more, parts, ",")
	for (i = 1; i <= n; i++)
		list = add(list, parts[i])
	return list
}

function codes_of(text, list, rest, name)
{
	list = ""
	rest = text
	while (match(rest, /(^|[^A-Za-z_])E[A-Z][A-Z]+/)) {
		name = substr(rest, RSTART, RLENGTH)
		sub(/^[^E]/, "", name)
		list = add(list, name)
		rest = substr(rest, RSTART + RLENGTH)
	}
	rest = text
	while (match(rest, /(same as|Returns as) mems_[a-z_]+\(/)) {
		name = substr(rest, RSTART, RLENGTH - 1)
		sub(/.* /, "", name)
		list = add_all(list, codes[name])
		rest = substr(rest, RSTART + RLENGTH)
	}
	if (text ~ /^ *The same/)
		list = add_all(list, codes[before])
	return list
}

function declared(prototype, name, list)
{
	gsub(/[ \t]+/, " ", prototype)
	sub(/^ /, "", prototype)
	gsub(/MEMS_API |MEMS_NODISCARD /, "", prototype)
	sub(/ *[;{].*/, "", prototype)
	if (!match(prototype, /mems_[a-z0-9_]+\(/))
		return
	name = substr(prototype, RSTART, RLENGTH - 1)
	if (name ~ /^mems__/)
		return
	list = codes_of(comment)
	if (kind == "symbol" && prototype ~ \
	    /\((const )?mems_(space|heap|arena|slab|depot) \*/)
		list = add(list, "EINVAL")
	codes[name] = list
	last = name
	print name, header, kind, (list == "" ? "-" : list), prototype
}

FNR == 1 {
	header = FILENAME
	sub(/.*include\//, "", header)
	state = ""
}

state == "" && /^\/\*/ {
	before = last
	comment = ""
	state = "comment"
}

state == "comment" {
	line = $0
	sub(/^(\/\*| \*\/| \*)/, "", line)
	sub(/\*\/$/, "", line)
	comment = comment " " line
	if (/\*\//)
		state = ""
	next
}

state == "" && /^(MEMS_API|static inline)/ {
	kind = /^MEMS_API/ ? "symbol" : "inline"
	prototype = ""
	state = "prototype"
}

state == "prototype" {
	prototype = prototype " " $0
	if (/[;{]/) {
		declared(prototype)
		state = ""
	}
}
