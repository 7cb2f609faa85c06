# What a page says, told in plain text. `want` is one of
#
#	sections   the headings, one a line
#	names      the names in NAME, one a line
#	synopsis   the statements of SYNOPSIS, one a line, without the semicolon
#	errors     the codes in ERRORS, one a line
#	see        the pages in SEE ALSO, one a line, as NAME.SECTION
#	code       the text between .EX and .EE, as it is written in a program;
#	           each piece behind a line "%% NUMBER"

function plain(text)
{
	gsub(/\\f[BIPR]/, "", text)
	gsub(/\\&/, "", text)
	gsub(/\\-/, "-", text)
	gsub(/\\\(aq/, "'", text)
	gsub(/\\\(dq/, "\"", text)
	gsub(/\\\(ha/, "^", text)
	gsub(/\\\(ti/, "~", text)
	gsub(/\\e/, "\\", text)
	return text
}

# The arguments of a macro, with `between` between them.
function arguments(line, between, text, word, any)
{
	sub(/^\.[A-Z]+ */, "", line)
	text = ""
	any = 0
	while (line != "") {
		if (line ~ /^"/) {
			line = substr(line, 2)
			word = line
			sub(/".*/, "", word)
			line = substr(line, length(word) + 2)
		} else {
			word = line
			sub(/ .*/, "", word)
			line = substr(line, length(word) + 1)
		}
		sub(/^ +/, "", line)
		text = text (any ? between : "") word
		any = 1
	}
	return plain(text)
}

function unformatted(line)
{
	if (line ~ /^\.(BI|BR|IB|IR|RB|RI) /)
		return arguments(line, "")
	if (line ~ /^\.[BI] /)
		return arguments(line, " ")
	return line ~ /^\./ ? "" : plain(line)
}

function list(text, separator, i, n, parts)
{
	n = split(text, parts, separator)
	for (i = 1; i <= n; i++) {
		gsub(/[ \t]+/, " ", parts[i])
		gsub(/^ | $/, "", parts[i])
		if (parts[i] != "")
			print parts[i]
	}
}

/^\.SH / {
	section = arguments($0, " ")
	if (want == "sections")
		print section
	next
}

/^\.EX/ {
	inside = 1
	if (want == "code")
		print "%% " ++pieces
	next
}

/^\.EE/ {
	inside = 0
	next
}

inside && want == "code" {
	print plain($0)
}

section == "NAME" && want == "names" {
	text = text " " plain($0)
}

section == "SYNOPSIS" && want == "synopsis" {
	line = unformatted($0)
	if (line ~ /^#include/)
		print line
	else
		text = text " " line
}

section == "ERRORS" && want == "errors" && /^\.IP \\fBE/ {
	print plain($2)
}

section == "SEE ALSO" && want == "see" && /^\.BR / {
	line = arguments($0, "")
	gsub(/[,)]/, "", line)
	sub(/\(/, ".", line)
	print line
}

END {
	if (want == "names") {
		sub(/ - .*/, "", text)
		list(text, ",")
	}
	if (want == "synopsis")
		list(text, ";")
}
