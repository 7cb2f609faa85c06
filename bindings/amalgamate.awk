# The whole library as one mems.c and one mems.h, for bindings/amalgamate, which
# says in the environment where the sources are, where the files go, and what
# stands in place of config.h. The arguments are the public headers.
#
# The sources are those of libmems-core.la, in the order of lib/local.mk, each
# behind the internal headers that it is the first to include; what local.mk
# makes on one system only is in an #ifdef of the same name. All includes of the
# system come first, so that no name of ours is near them.
#
# What a source has to itself (static functions and variables, tags, types and
# constants at file scope) gets the prefix of its folder and file: `take` of
# lib/arena/chunk.c is arena_chunk__take. That is so for each of them and not
# only where two sources have the same name, since here a source also sees the
# system's headers that others asked for. Members of structures keep their
# names, and so does a tag that a header has mentioned to the source. Macros of
# a source end with it; one that a header defines as well gets the prefix, and
# one that is set by condition, as the system may have it, is put back to what
# it was.
#
# To know what is a declaration, all is cut into tokens and brackets are
# paired; what does not fit is an error and never passed on.

# ------------------------------------------------------------------ in general

# The line is that of the file at hand.
function fail(what, line)
{
	print "amalgamate: " (line ? path ":" line ": " : "") what | "cat 1>&2"
	close("cat 1>&2")
	exit 1
}

# An error in another file than that at hand.
function fail_in(file, what)
{
	fail(file ": " what)
}

function clear(array)
{
	split("", array)
}

# The version is in configure.ac, in three numbers.
function read_version(file, line, i, part, names)
{
	file = src "/configure.ac"
	while ((getline line <file) > 0) {
		for (i = split("major minor patch", names, " "); i > 0; i--)
			if (line ~ "^m4_define\\(\\[mems_" names[i] \
			    "\\], \\[[0-9]+\\]\\)$") {
				part = line
				sub(/.*\[/, "", part)
				sub(/\].*/, "", part)
				number[names[i]] = part
			}
		if (index(line, "AC_INIT([libmems], [mems_major.mems_minor" \
			  ".mems_patch])"))
			number["known"] = 1
	}
	close(file)
	if (!("major" in number) || !("minor" in number) ||
	    !("patch" in number) || !("known" in number))
		fail_in("configure.ac", "the version is not understood")
	version = number["major"] "." number["minor"] "." number["patch"]
}

# What configure puts in place of @WORDS@.
function filled(line)
{
	gsub(/@MEMS_MAJOR@/, number["major"], line)
	gsub(/@MEMS_MINOR@/, number["minor"], line)
	gsub(/@MEMS_PATCH@/, number["patch"], line)
	gsub(/@PACKAGE_VERSION@/, version, line)
	if (line ~ /@[A-Za-z_]+@/)
		fail("not known what configure makes of: " line)
	return line
}

# ----------------------------------------------------------------- lib/local.mk

# Variables by name and condition ("", "IF x" or "ELSE x").
function read_makefile(file, line, more, got, condition, name, sign)
{
	path = "lib/local.mk"
	file = src "/" path
	condition = ""
	while ((got = (getline line <file)) > 0) {
		while (sub(/\\$/, "", line)) {
			if ((getline more <file) <= 0)
				fail_in(path, "ends within a line")
			line = line " " more
		}
		if (line ~ /^[ \t]*(#|$)/ || line ~ /^\t/ || line ~ /^[^=]+:/) {
			continue	# no variable: a rule at most
		} else if (line ~ /^if [A-Z_]+$/ && condition == "") {
			condition = "IF " substr(line, 4)
		} else if (line == "else" && condition ~ /^IF /) {
			sub(/^IF/, "ELSE", condition)
		} else if (line == "endif" && condition != "") {
			condition = ""
		} else if (match(line, /^[A-Za-z_%]+[ \t]*\+?=/)) {
			name = substr(line, 1, RLENGTH)
			line = substr(line, RLENGTH + 1)
			sign = name ~ /\+=$/ ? "+" : ""
			sub(/[ \t]*\+?=$/, "", name)
			if ((name, condition) in words_of && sign == "")
				fail_in(path, name " is set twice")
			words_of[name, condition] = \
				words_of[name, condition] " " line
			if (condition != "")
				conditions_of[name] = substr(condition, \
					index(condition, " ") + 1)
		} else {
			fail_in(path, "not understood: " line)
		}
	}
	close(file)
	if (got < 0 || condition != "")
		fail_in(path, got < 0 ? "cannot be read" : "ends within if")
}

# The files of a variable in order: entry[1..entries], paths or lines with "#".
function expand(name, condition)
{
	condition = conditions_of[name]
	if (((name, "") in words_of) == (condition != ""))
		fail_in("lib/local.mk", name (condition == "" ? \
			" is not set" : " is set in and out of an if"))
	if (condition == "") {
		expand_words(words_of[name, ""])
		return
	}
	if (config !~ ("#define " condition " 1\n"))
		fail_in("lib/local.mk", "not known when it is: " condition)
	entry[++entries] = "#ifdef " condition
	expand_words(words_of[name, "IF " condition])
	if ((name, "ELSE " condition) in words_of) {
		entry[++entries] = "#else"
		expand_words(words_of[name, "ELSE " condition])
	}
	entry[++entries] = "#endif"
}

function expand_words(words, i, n, list)
{
	n = split(words, list, " ")
	for (i = 1; i <= n; i++) {
		if (list[i] ~ /^\$\([a-z_]+\)$/)
			expand(substr(list[i], 3, length(list[i]) - 3))
		else if (list[i] ~ /^%D%(\/[a-z0-9_]+)+\.c$/)
			entry[++entries] = "lib" substr(list[i], 4)
		else if (list[i] !~ /^%D%(\/[a-z0-9_]+)+\.h$/)
			fail_in("lib/local.mk", "not a source: " list[i])
	}
}

# --------------------------------------------------------------------- a file

# Read the file at hand, all of it: its lines, and its tokens beside comments.
# A token has its text, kind (name, number, text or mark), line and column,
# and is in a directive of the preprocessor or not (0).
function load(at_hand, file, s, got, n, at, len, commented, continued, d)
{
	path = at_hand
	file = src "/" path
	if (path == "include/mems/version.h")
		file = file ".in"
	lines = tokens = directives = 0
	while ((got = (getline s <file)) > 0)
		line[++lines] = file ~ /\.in$/ ? filled(s) : s
	close(file)
	if (got < 0)
		fail_in(path, "cannot be read")

	commented = continued = 0
	for (n = 1; n <= lines; n++) {
		s = line[n]
		at = 1
		if (s ~ /\r$/)
			fail("carriage returns are not understood", n)
		if (!commented && !continued)
			d = s ~ /^[ \t]*#/ ? start_directive(s, n) : 0
		continued = 0
		if (d && raw[d])
			continue
		while (s != "") {
			if (commented) {
				len = index(s, "*/") + 1
				if (len == 1)
					break
				commented = 0
			} else if (match(s, /^[ \t\f]+/)) {
				len = RLENGTH
			} else if (s ~ /^\/\*/) {
				commented = 1
				len = 2
			} else if (s ~ /^\/\//) {
				if (s ~ /\\$/)
					fail("a comment is continued", n)
				break
			} else if (s == "\\") {
				if (!d)
					fail("a line is continued", n)
				continued = 1
				break
			} else if (match(s, /^[A-Za-z_][A-Za-z0-9_]*/)) {
				len = add_token("name", s, n, at, d)
			} else if (match(s, \
			    /^\.?[0-9]([eEpP][+-]|[A-Za-z0-9_.])*/)) {
				len = add_token("number", s, n, at, d)
			} else if (match(s, /^"([^"\\]|\\.)*"/) ||
				   match(s, /^'([^'\\]|\\.)+'/)) {
				len = add_token("text", s, n, at, d)
			} else if (match(s, /^(\.\.\.|->|##)/) ||
				   (index("[](){}<>=+*/%&|^!~?:;,.#-", \
					  substr(s, 1, 1)) && match(s, /^./))) {
				len = add_token("mark", s, n, at, d)
			} else {
				fail("not understood: " s, n)
			}
			s = substr(s, len + 1)
			at += len
		}
	}
	if (commented || continued)
		fail("ends within a comment or line", lines)
	link()
}

function add_token(what, s, n, at, d)
{
	text[++tokens] = substr(s, 1, RLENGTH)
	kind[tokens] = what
	on[tokens] = n
	column[tokens] = at
	directive[tokens] = d
	if (d) {
		if (last[d] == 0)
			first[d] = tokens
		last[d] = tokens
	}
	return RLENGTH
}

# Includes and such are kept as a line and not cut into tokens.
function start_directive(s, n, word)
{
	word = s
	sub(/^[ \t]*#[ \t]*/, "", word)
	if (match(word, /^[a-z]+/))
		word = substr(word, 1, RLENGTH)
	if (!index(directive_names, " " word " "))
		fail("not understood: " s, n)
	named[++directives] = word
	first[directives] = last[directives] = 0
	place[directives] = n
	raw[directives] = word ~ /^(include|error)$/
	if (raw[directives]) {
		gsub(/\/\*[^*]*\*\//, " ", s)
		if (s ~ /\/\*|\\$/)
			fail("a directive goes on in the next line", n)
		sub(/[ \t]*(\/\/.*)?$/, "", s)
	}
	whole[directives] = s
	return directives
}

# Each token's neighbours in the code, or in its directive; 0 is none.
function link(i, code)
{
	code = 0
	for (i = 1; i <= tokens; i++) {
		before[i] = after[i] = 0
		if (directive[i]) {
			if (i > 1 && directive[i - 1] == directive[i]) {
				before[i] = i - 1
				after[i - 1] = i
			}
			continue
		}
		before[i] = code
		if (code)
			after[code] = i
		code = i
	}
	text[0] = kind[0] = ""
}

# Call for each directive in turn: keeps the conditions around what follows, as
# asked[1..depth], the lines so far, and which macros they ask for.
function follow(d, what, i)
{
	what = named[d]
	if (what ~ /^if/) {
		asked[++depth] = whole[d]
		asks[depth] = " "
	} else if (what == "elif" || what == "else") {
		if (depth == 0)
			fail(what " without if", place[d])
		asked[depth] = asked[depth] "\n" whole[d]
	} else if (what == "endif") {
		if (depth == 0)
			fail("endif without if", place[d])
		depth--
		return
	}
	if (what ~ /if/)
		for (i = first[d] + 2; i <= last[d]; i++)
			if (kind[i] == "name" && text[i] != "defined")
				asks[depth] = asks[depth] text[i] " "
}

# The guard of a header: directives 1 and 2, and the last one.
function guarded()
{
	return path ~ /\.h$/ && directives > 2 && named[1] == "ifndef" &&
		named[2] == "define" && named[directives] == "endif" &&
		text[first[1] + 2] == text[first[2] + 2]
}

# ------------------------------------------------------------- who needs whom

# What an include line names: "" if that is the system's.
function included(d, name, found)
{
	name = whole[d]
	sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
	sub(/[ \t]+$/, "", name)
	if (name == "<config.h>")
		return "config.h"
	if (name ~ /^<mems(\/[a-z0-9_]+)?\.h>$/)
		return "include/" substr(name, 2, length(name) - 2)
	if (name ~ /^<[a-z0-9_]+(\/[a-z0-9_]+)*\.h>$/)
		return ""
	if (name !~ /^"[a-z0-9_]+(\/[a-z0-9_]+)*\.h"$/)
		fail("not understood: include " name, place[d])
	found = substr(name, 2, length(name) - 2)
	if (found ~ /\//)
		return "lib/" found
	sub(/[^\/]*$/, "", name)
	name = path
	sub(/[^\/]*$/, "", name)
	return name found
}

# Look at the includes of a file and those of what it includes.
function survey(at_hand, d, name, n, i, first_define)
{
	if (at_hand in needs)
		return
	load(at_hand)
	if (path ~ /\.h$/ && !guarded())
		fail_in(path, "has no guard around it")
	depth = n = 0
	first_define = 0
	for (d = 1; d <= directives; d++) {
		follow(d)
		if (named[d] == "define" && !(guarded() && d == 2))
			first_define = first_define ? first_define : d
		if (named[d] != "include")
			continue
		name = included(d)
		if (name == "") {
			want_system(d)
		} else if (name != "config.h") {
			if (first_define)
				fail("a header of ours after a macro, which " \
				     "it might look at", place[d])
			need[path, ++n] = name
		}
	}
	if (depth != 0)
		fail_in(path, "ends within a condition")
	needs[path] = n
	for (i = 1; i <= n; i++)
		survey(need[at_hand, i])
}

# A header of the system: in mems.h it stays where it is, else it comes first,
# under the conditions that are around it here.
function want_system(d, i, n, names, open_, close_, level)
{
	if (path ~ /^include\//)
		return
	open_ = path ~ /\.c$/ ? outer : ""
	close_ = open_ == "" ? "" : "#endif\n"
	for (level = 1; level <= depth; level++) {
		if (level == 1 && guarded())
			continue
		n = split(asks[level], names, " ")
		for (i = 1; i <= n; i++)
			if (!(names[i] in known_word) && names[i] !~ /^__/)
				fail("a header if " names[i] ", which may " \
				     "be another matter up there", place[d])
		if (asked[level] ~ /\\\n|\\$|\/\*/)
			fail("a condition of more lines", place[d])
		open_ = open_ asked[level] "\n"
		close_ = "#endif\n" close_
	}
	for (i = 1; i <= systems; i++)
		if (system_line[i] == whole[d] && system_open[i] == open_)
			return
	system_line[++systems] = whole[d]
	system_open[systems] = open_
	system_close[systems] = close_
}

# Put a header behind those that it needs: order[1..ordered].
function visit(file)
{
	if (file in visited) {
		if (visited[file] == "now")
			fail_in(file, "includes itself")
		return
	}
	visited[file] = "now"
	visit_needs(file)
	visited[file] = "done"
	order[++ordered] = file
}

function visit_needs(file, i)
{
	for (i = 1; i <= needs[file]; i++)
		visit(need[file, i])
}

# What is seen of ours where `file` is made alone: sees[header].
function look_through(file, i)
{
	if (file in sees)
		return
	sees[file] = 1
	for (i = 1; i <= needs[file]; i++)
		look_through(need[file, i])
}

# -------------------------------------------------------------------- macros

# Note what the file at hand defines, and how macros use their arguments:
# "m" as the name of a member, "s" as text, "p" pasted, "e" as it is. What an
# assertion prints may change.
function read_macros(d, name, i, level)
{
	clear(own_macro)
	clear(conditional)
	clear(settable)
	own_macros = 0
	for (d = 1; d <= directives; d++)
		if (named[d] == "define") {
			name = text[first[d] + 2]
			if (!(name in own_macro))
				own_name[++own_macros] = name
			own_macro[name] = 1
		}
	depth = 0
	for (d = 1; d <= directives; d++) {
		follow(d)
		if (named[d] ~ /if/)
			for (i = first[d] + 2; i <= last[d]; i++)
				if (kind[i] == "name")
					asked_for(text[i], on[i])
		if (named[d] != "define")
			continue
		i = first[d] + 2
		name = text[i]
		if (depth > guarded())
			conditional[name] = 1
		for (level = 1; level <= depth; level++)
			if (index(asks[level], " " name " "))
				settable[name] = 1
		if (path ~ /\.h$/)
			defined_by[name] = defined_by[name] " " path
		read_parameters(d, name, i)
	}
}

# A condition may only ask what is known here.
function asked_for(name, n)
{
	if (name ~ /^(HAVE_|PACKAGE|VERSION$|MEMS_[A-Z])/ &&
	    !(name in known_word) && !(name in defined_by) &&
	    !(name in own_macro))
		fail("not known here: " name, n)
}

function read_parameters(d, name, i, n, j, at, parameter, how)
{
	if (text[i + 1] != "(" || i + 1 > last[d] ||
	    column[i + 1] != column[i] + length(name))
		return
	n = 0
	for (i += 2; i <= last[d] && text[i] != ")"; i++)
		if (text[i] != ",") {
			at = text[i] == "..." ? "__VA_ARGS__" : text[i]
			parameter[at] = ++n
			if (!((name, n) in use_of))
				use_of[name, n] = " "
		}
	mark_arguments(i + 1, last[d])
	for (j = i + 1; j <= last[d]; j++) {
		if (text[j] == "__attribute__")
			attribute[name] = 1
		if (!(text[j] in parameter))
			continue
		if (text[j - 1] == "#")
			how = name ~ /ASSERT$/ ? "e" : "s"
		else if (text[j - 1] == "##" ||
			 (j < last[d] && text[j + 1] == "##"))
			how = "p"
		else if (text[j - 1] == "." || text[j - 1] == "->")
			how = "m"
		else if (used[j] != "")
			how = used[j]
		else
			how = "e"
		use_of[name, parameter[text[j]]] = \
			use_of[name, parameter[text[j]]] how
	}
}

# used[i] of the tokens from `i` to `stop`: how the macros that are called there
# use them, where that is in another way than as they are.
function mark_arguments(i, stop, j, level, argument, how)
{
	for (j = i; j <= stop; j++)
		used[j] = ""
	for (; i <= stop; i++) {
		if (kind[i] != "name" || !((text[i], 1) in use_of) ||
		    text[after[i]] != "(")
			continue
		level = 0
		argument = 1
		for (j = after[i]; j; j = after[j]) {
			if (text[j] ~ /^[({[]$/)
				level++
			else if (text[j] ~ /^[])}]$/ && --level == 0)
				break
			else if (text[j] == "," && level == 1 &&
				 ((text[i], argument + 1) in use_of))
				argument++
			how = use_of[text[i], argument]
			if (how ~ /[msp]/ && kind[j] == "name")
				used[j] = used[j] how
		}
	}
}

# -------------------------------------------------------------- declarations

# Walk through the code of the file at hand: pair the brackets, find what is
# declared at file scope and which names are those of members.
function read_code(i, t, d, opener, n)
{
	clear(own)
	clear(own_tag)
	clear(wrap)
	depth = nested = n = 0
	for (i = 1; i <= tokens; i++) {
		member[i] = 0
		if (directive[i]) {
			d = directive[i]
			if (i == first[d])
				split_code(d, n)
			continue
		}
		t = text[i]
		opener = nested ? open[nested] : 0
		if (kind[i] == "name")
			member[i] = is_member(i, opener)
		if (t ~ /^[({[]$/) {
			open[++nested] = i
			group[i] = t == "{" ? brace_kind(i, n) : t
			if (group[i] == "struct" || group[i] == "enum")
				own_type(i)
			continue
		}
		if (t ~ /^[])}]$/) {
			if (!nested || !index("() {} []", text[opener] t))
				fail("brackets do not pair", on[i])
			if (--nested)
				continue
			d_token[++n] = opener
			d_text[n] = text[opener] t
			if (group[opener] == "block") {
				declare(n, i)
				n = 0
			}
			continue
		}
		if (nested && group[opener] == "enum")
			own_constant(i, opener)
		if (nested)
			continue
		if (t == ";") {
			declare(n, i)
			n = 0
			continue
		}
		d_token[++n] = i
		d_text[n] = t
	}
	if (nested || n)
		fail_in(path, "ends within a declaration")
	depth = 0
}

# Both sides of a condition begin and end at the same depth of brackets.
function split_code(d, n)
{
	if (named[d] ~ /^if/) {
		depth++
		nested_at[depth] = nested
		nested_end[depth] = -1
	} else if (named[d] == "else" || named[d] == "elif") {
		if (nested_end[depth] >= 0 && nested_end[depth] != nested)
			fail("brackets differ by condition", place[d])
		nested_end[depth] = nested
		nested = nested_at[depth]
	} else if (named[d] == "endif") {
		if (nested != (nested_end[depth] >= 0 ? nested_end[depth] : \
			       nested_at[depth]))
			fail("brackets differ by condition", place[d])
		depth--
	} else {
		return
	}
	if (n && !nested)
		fail("a condition within a declaration", place[d])
}

# What a brace begins, n tokens into a declaration: struct, enum, value, block.
function brace_kind(i, n, p, word, j)
{
	p = before[i]
	word = text[p]
	if (kind[p] == "name" && word !~ /^(struct|union|enum)$/)
		word = text[before[p]]
	if (word ~ /^(struct|union)$/)
		return "struct"
	if (word == "enum")
		return "enum"
	if (nested > 1)
		return "inner"
	for (j = 1; j <= n; j++)
		if (d_text[j] == "=")
			return "value"
	return "block"
}

# Are we in no function, value or parameter list, but maybe in a structure?
function at_file_scope(level)
{
	for (level = 1; level < nested; level++)
		if (group[open[level]] != "struct")
			return 0
	return 1
}

function own_type(i, tag)
{
	tag = before[i]
	if (at_file_scope() && text[tag] !~ /^(struct|union|enum)$/)
		own_tag[text[tag]] = on[tag]
}

function own_constant(i, opener)
{
	if (kind[i] == "name" && at_file_scope() &&
	    (before[i] == opener || text[before[i]] == ","))
		own[text[i]] = on[i]
}

function is_tag(i)
{
	return text[before[i]] ~ /^(struct|union|enum)$/
}

# The name of a member, where it is declared or used.
function is_member(i, opener, p, t)
{
	p = text[before[i]]
	t = text[after[i]]
	if (p == "." || p == "->")
		return 1
	if (!opener)
		return 0
	if (group[opener] == "struct")
		return t ~ /^([;,:]|\[)$/ && p != ":" && !is_tag(i)
	return group[opener] == "(" && nested > 1 && t == ")" && p == "*" &&
		before[before[i]] == opener &&
		group[open[nested - 1]] == "struct"
}

# A declaration at file scope is complete: d_text[1..n], brackets as "()".
function declare(n, stop, i, m, static, type, body, start, name)
{
	static = type = body = m = 0
	start = d_token[1]
	for (i = 1; i <= n; i++) {
		name = d_text[i]
		if (name ~ /^(MEMS_BEGIN_DECLS|MEMS_END_DECLS)$/)
			continue
		if (name == "__attribute__" || name == "_Alignas" ||
		    name == "__asm__" || (name in attribute)) {
			if (d_text[++i] != "()")
				fail("not understood: " name, on[d_token[i]])
			continue
		}
		if (name == "_Static_assert")
			return
		if (name == "static")
			static = 1
		else if (name == "typedef")
			type = 1
		else if (name == "=" || (name == "{}" && \
					 group[d_token[i]] == "block"))
			body = 1
		d_text[++m] = name
		d_token[m] = d_token[i]
	}
	for (i = 1; i <= m; i++) {
		d_text[m + 1] = ";"
		name = declarator(i, m)
		if (name)
			declared(name, static, type, body, start, stop)
		else if (i > 1 || body || d_text[1] !~ /^(struct|union|enum)$/)
			fail("not understood, a declaration of nothing", \
			     on[start])
		while (i <= m && d_text[i] != ",")
			i++
	}
}

# The token of the name that is declared from d_text[i] on, 0 if there is none.
function declarator(i, m, begin, next_, inside)
{
	begin = i
	for (; i <= m && d_text[i] !~ /^[,=]$/; i++) {
		if (d_text[i] ~ /^(struct|union|enum)$/) {
			if (kind[d_token[i + 1]] == "name")
				i++
			continue
		}
		next_ = d_text[i + 1]
		if (d_text[i] == "()") {
			inside = after[d_token[i]]
			if (text[inside] != "*" || next_ != "()")
				fail("not understood, a declaration", \
				     on[d_token[i]])
			while (text[inside] ~ /^(\*|const|volatile)$/)
				inside = after[inside]
			return inside
		}
		if (kind[d_token[i]] != "name" || d_text[i] == "{}" ||
		    index(no_names, " " d_text[i] " "))
			continue
		if (next_ ~ /^([;,=]|\[\])$/ || (next_ == "()" && \
		    !(text[after[d_token[i + 1]]] == "*" && \
		      d_text[i + 2] == "()"))) {
			if (i == begin && begin == 1)
				fail("not understood, no type: " d_text[i], \
				     on[d_token[i]])
			if (next_ == "()" && d_text[i + 2] !~ /^(;|,|[{][}])$/)
				fail("not understood, no function: " \
				     d_text[i], on[d_token[i]])
			return d_token[i]
		}
	}
	return 0
}

# The name at token `i` is declared. Others' names, which begin otherwise than
# ours, may not be hidden: `wrap` says between which lines.
function declared(i, static, type, body, start, stop)
{
	if (static || type) {
		own[text[i]] = on[i]
		return
	}
	if (text[i] ~ /^mems_/)
		return
	if (body)
		fail(text[i] " is not static, and not mems_", on[i])
	if (column[start] != 1 || (after[stop] && on[after[stop]] == on[stop]))
		fail("others' names are to stand alone: " text[i], on[i])
	wrap[on[start]] = wrap[on[start]] "("
	wrap[on[stop]] = wrap[on[stop]] ")"
}

# ------------------------------------------------------------------ the output

function put(s)
{
	print s >out
}

# The lines of a file, without include lines (but keep_system) and without more
# than one empty line at a time. Conditions that this leaves empty stay.
function put_lines(keep_system, n, d, skip, blank)
{
	clear(skip)
	for (d = 1; d <= directives; d++)
		if (named[d] == "include" &&
		    !(keep_system && included(d) == ""))
			skip[place[d]] = 1
	blank = 1
	for (n = 1; n <= lines; n++) {
		if (n in skip)
			continue
		if (line[n] ~ /^[ \t]*$/) {
			blank = blank ? blank : 2
			continue
		}
		if (blank == 2)
			put("")
		blank = 0
		if (wrap[n] ~ /\(/ && wrap[n - 1] !~ /\)/)
			put(pop)
		put(line[n])
		if (wrap[n] ~ /\)/ && wrap[n + 1] !~ /\(/)
			put(push)
	}
}

# A header of ours: nothing changes, but it must not clash.
function put_header(file, name)
{
	load(file)
	read_macros()
	if (file == "include/mems/base.h" && !("MEMS_API" in settable))
		fail_in(file, "MEMS_API cannot be set from outside")
	clear(wrap)
	note_mentions()
	if (file !~ /^include\//) {
		read_code()
		for (name in own)
			own_of_header(name, "name " name)
		for (name in own_tag)
			own_of_header("tag " name, "tag " name)
		look_for_macros()
	}
	put_title(file)
	put_lines(file ~ /^include\//)
}

function own_of_header(key, what)
{
	if (key in in_header)
		fail_in(path, "the " what " is also in " in_header[key])
	in_header[key] = path
}

# Tags that headers mention are no source's own.
function note_mentions(i)
{
	for (i = 1; i <= tokens; i++)
		if (kind[i] == "name" && is_tag(i))
			mentions[text[i]] = mentions[text[i]] " " path
}

# Is one of the files of a list seen by the file at hand?
function seen(list, i, n, files)
{
	n = split(list, files, " ")
	for (i = 1; i <= n; i++)
		if (files[i] in sees)
			return 1
	return 0
}

# A macro of a header is there for all who come later: no file may have the word
# that did not want the header.
function look_for_macros(i)
{
	clear(sees)
	look_through(path)
	for (i = 1; i <= tokens; i++)
		if (kind[i] == "name" && new_text[i] == "" &&
		    (text[i] in defined_by) && !(text[i] in own_macro) &&
		    !seen(defined_by[text[i]]))
			fail("means a macro of" defined_by[text[i]] ": " \
			     text[i], on[i])
}

function put_title(file)
{
	put("")
	put("/* " substr(dashes, 1, 72 - length(file)) " " file " */")
	put("")
}

function put_source(file, prefix, i, name, t)
{
	load(file)
	prefix = file
	sub(/^lib\//, "", prefix)
	sub(/\.c$/, "", prefix)
	gsub(/[^a-z0-9]/, "_", prefix)
	if (prefix in prefix_of)
		fail_in(file, "its names would be as those of " \
			prefix_of[prefix])
	prefix_of[prefix] = file
	prefix = prefix "__"

	read_macros()
	read_code()
	clear(sees)
	look_through(file)
	for (i = 1; i <= own_macros; i++) {
		name = own_name[i]
		if (!(name in defined_by))
			continue
		if (seen(defined_by[name]))
			fail_in(file, name " is a macro of" defined_by[name])
		own_macro[name] = 2
	}
	mark_arguments(1, tokens)
	for (i = 1; i <= tokens; i++) {
		new_text[i] = ""
		if (kind[i] == "name")
			new_text[i] = renamed(i, prefix)
	}
	look_for_macros()
	for (i = tokens; i > 0; i--)
		if (new_text[i] != "")
			line[on[i]] = substr(line[on[i]], 1, column[i] - 1) \
				new_text[i] substr(line[on[i]], \
					column[i] + length(text[i]))

	put_title(file)
	for (i = 1; i <= own_macros; i++)
		if (own_name[i] in conditional)
			put("#pragma push_macro(\"" own_name[i] "\")")
	put_lines(0)
	if (own_macros)
		put("")
	for (i = 1; i <= own_macros; i++) {
		name = own_name[i]
		if (name in conditional)
			put("#pragma pop_macro(\"" name "\")")
		else
			put("#undef " (own_macro[name] == 2 ? prefix : "") name)
		if (name in defined_by)
			continue
		for (t = 1; (name, t) in use_of; t++)
			delete use_of[name, t]
		delete attribute[name]
	}
	clear(new_text)
}

# What the name at token `i` is now, "" if the same.
function renamed(i, prefix, name, how)
{
	name = text[i]
	how = used[i]
	if (name in own_macro) {
		if (own_macro[name] == 1)
			return ""
		if (name in conditional || member[i] || how ~ /[sp]/)
			fail("a header has a macro of this name: " name, on[i])
		return prefix name
	}
	if (is_tag(i))
		return (name in own_tag) && !((name in mentions) && \
			seen(mentions[name])) ? prefix name : ""
	if (!(name in own) || text[before[i]] ~ /^(\.|->)$/ || member[i])
		return ""
	if (how ~ /m/ && how !~ /e/)
		return ""
	if (how ~ /[msp]/)
		fail("a macro makes more of the name: " name, on[i])
	return prefix name
}

# The whole of COPYING, as the files will travel alone.
function put_licence(what, file, s, got)
{
	put("/*")
	put(" * libmems " version ", " what)
	put(" * Made by bindings/amalgamate: change the sources, not this.")
	put(" *")
	file = src "/COPYING"
	while ((got = (getline s <file)) > 0)
		put(s == "" ? " *" : " * " s)
	if (got < 0)
		fail("COPYING cannot be read")
	close(file)
	put(" */")
}

# The headers of the system: those without a condition, then by condition, each
# in the order of the sources, as one may need another (<psapi.h>, <windows.h>).
function put_systems(i, j, key, n, list, always, around)
{
	n = 0
	for (i = 1; i <= systems; i++)
		if (system_open[i] == "")
			always[system_line[i]] = 1
	for (i = 1; i <= systems; i++) {
		if (system_open[i] != "" && (system_line[i] in always))
			continue
		key = system_open[i]
		for (j = ++n; j > 1 && list[j - 1] > key; j--) {
			list[j] = list[j - 1]
			which[j] = which[j - 1]
		}
		list[j] = key
		which[j] = i
	}
	around = 0
	for (j = 1; j <= n; j++) {
		i = which[j]
		if (system_open[i] != system_open[around]) {
			printf "%s%s", system_close[around], system_open[i] >out
			around = i
		}
		put(system_line[i])
	}
	printf "%s", system_close[around] >out
}

function write_header(i)
{
	out = destination "/mems.h.new"
	put_licence("all its headers but <mems/ralloc.h>.")
	put("")
	put("/* In a binding only the binding calls the library. */")
	put("#if !defined MEMS_API && !defined MEMS_API_EXPORT && " \
	    "!defined _WIN32")
	put("#define MEMS_API __attribute__((visibility(\"hidden\")))")
	put("#endif")
	for (i = 1; i <= ordered; i++)
		put_header(order[i])
	close(out)
}

function write_source(i, n)
{
	out = destination "/mems.c.new"
	put_licence("all of it but libmems-malloc in one source.")
	put("")
	n = split(config, config_line, "\n")
	for (i = 1; i <= n; i++)
		put(filled(config_line[i]))
	put("")
	put_systems()
	put("")
	put("#include \"mems.h\"")
	put("")
	put("/* Nothing is exported but what is marked. */")
	put("#pragma GCC visibility push(hidden)")
	push = "#pragma GCC visibility push(hidden)"
	pop = "#pragma GCC visibility pop"
	for (i = 1; i <= steps; i++) {
		if (step[i] ~ /^#/) {
			put("")
			put(step[i])
		} else if (step[i] ~ /\.h$/) {
			put_header(step[i])
		} else {
			put_source(step[i])
		}
	}
	put("")
	put(pop)
	close(out)
}

BEGIN {
	src = ENVIRON["amalgamate_src"]
	destination = ENVIRON["amalgamate_out"]
	config = ENVIRON["amalgamate_config"]
	no_names = " int char void long short signed unsigned float double " \
		"bool _Bool const volatile "
	directive_names = " if ifdef ifndef elif else endif define undef " \
		"include error "
	dashes = "------------------------------------"
	dashes = dashes dashes

	read_version()
	read_makefile()
	expand("%C%_libmems_core_la_SOURCES")

	# What the block for config.h speaks of is known.
	rest = config
	while (match(rest, /[A-Z_][A-Z_0-9]+/)) {
		known_word[substr(rest, RSTART, RLENGTH)] = 1
		rest = substr(rest, RSTART + RLENGTH)
	}
	system_open[0] = system_close[0] = ""
	use_of["offsetof", 1] = " e"
	use_of["offsetof", 2] = " m"

	# The public headers, <mems.h> last but for what it does not include.
	survey("include/mems.h")
	visit("include/mems.h")
	for (i = 1; i < ARGC; i++)
		if (ARGV[i] != "include/mems/ralloc.h") {
			survey(ARGV[i])
			visit(ARGV[i])
		}
	write_header()

	# The sources, each behind its headers; those of one system behind all
	# that any of them needs.
	for (i = 1; i <= entries; i++) {
		if (entry[i] !~ /^#/)
			survey(entry[i])
		else if (entry[i] == "#endif")
			outer = ""
		else
			outer = outer entry[i] "\n"
	}
	flushed = ordered
	for (i = 1; i <= entries; i++) {
		if (entry[i] !~ /^#/)
			visit_needs(entry[i])
		for (j = i; entry[i] ~ /^#ifdef/ && entry[j] != "#endif"; j++)
			if (entry[j] !~ /^#/)
				visit_needs(entry[j])
		while (flushed < ordered)
			step[++steps] = order[++flushed]
		step[++steps] = entry[i]
	}
	write_source()
}
