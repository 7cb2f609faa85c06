# What gcov says of the sources of lib/, as a table of files, and the lines that
# never ran, each with its reason. The first file is the list of reasons; then
# comes the text of `gcov -b -c -t`, in which a source stands once for each
# object that it is part of. A line has run if it ran in one of them. `top` is
# what the names of sources begin with.
#
# A paragraph of the list is a source and one of its functions, lines of that
# behind a tab, more of both, and the reason, which speaks for all of them:
#
#	lib/os/stack.c: mems__stack
#		return 0;
#	Only a system without a stack comes here.

function trim(text)
{
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

FNR == NR && /^#/ {
	next
}
FNR == NR && /^$/ {
	first = keys
	next
}
FNR == NR && /^lib\// {
	place = $0
	next
}
FNR == NR && /^\t/ {
	key[++keys] = place "\n" trim($0)
	next
}
FNR == NR {
	for (i = first + 1; i <= keys; i++)
		reason[key[i]] = reason[key[i]] " " $0
	next
}

# ------------------------------------------------------------- what gcov says

# Each condition has two branches, and a switch one for each way out of it.
# Objects made of one source may differ in how many a line has: their branches
# are then not the same ones.
function take_branches(    i, id)
{
	for (i = 0; i < ways; i++) {
		id = file SUBSEP line SUBSEP ways SUBSEP i
		if (!(id in branch))
			branches[file]++
		if (went[i] && !branch[id])
			branches_run[file]++
		branch[id] = branch[id] || went[i]
	}
	ways = 0
}

/^ *-: *0:Source:/ {
	take_branches()
	file = substr($0, index($0, "Source:") + 7)
	ours = index(file, top "/lib/") == 1
	file = substr(file, length(top) + 2)
	if (ours && !(file in lines)) {
		files[++file_count] = file
		lines[file] = 0
	}
}
!ours || /^ *-: *0:/ || /^call / {
	next
}
/^function / {
	take_branches()
	call = $2
	next
}
/^branch / {
	went[ways++] = / taken [1-9]/
	next
}
{
	take_branches()
	# A count, the number of the line, and the line, with colons between.
	split($0, field, ":")
	line = field[2] + 0
	if (field[1] ~ /-$/)
		next
	id = file SUBSEP line
	if (!(id in ran)) {
		lines[file]++
		text[id] = trim(substr($0, length(field[1] field[2]) + 3))
		within[id] = call
		last[file] = last[file] < line ? line : last[file]
	}
	if (field[1] !~ /[#=]/ && !ran[id])
		lines_run[file]++
	ran[id] = ran[id] || field[1] !~ /[#=]/
}

# ----------------------------------------------------------------- the report

function percent(part, whole)
{
	return whole == 0 ? "     -" : sprintf("%6.1f", 100 * part / whole)
}

function row(name, run, all, branches_run, branches)
{
	printf "%-28s %6d %6d %s %6d %6d %s\n", name, run, all,
		percent(run, all), branches_run, branches,
		percent(branches_run, branches)
}

function wrong(what)
{
	print "coverage: " what
	failed = 1
}

END {
	take_branches()
	printf "%-28s %20s %20s\n", "", "lines   ", "branches   "
	for (i = 1; i <= file_count; i++) {
		file = files[i]
		if (lines[file] == 0)
			continue
		row(file, lines_run[file], lines[file],
			branches_run[file], branches[file])
		all[1] += lines_run[file]
		all[2] += lines[file]
		all[3] += branches_run[file]
		all[4] += branches[file]
	}
	row("all", all[1], all[2], all[3], all[4])

	print "\nLines that never ran:"
	for (i = 1; i <= file_count; i++) {
		file = files[i]
		for (line = 1; line <= last[file]; line++) {
			id = file SUBSEP line
			if (!(id in ran))
				continue
			known = file ": " within[id] "\n" text[id]
			there[known] = 1
			if (ran[id])
				continue
			if (known != before)
				printf "\n"
			printf "%s:%d: %s: %s\n", file, line, within[id],
				text[id]
			if (known in reason)
				print "\t" reason[known]
			else
				wrong("no reason is given for that")
		}
	}
	print ""
	for (i = 1; i <= keys; i++)
		if (!(key[i] in there)) {
			sub(/\n/, ": ", key[i])
			wrong("a reason for what is not there: " key[i])
		}
	if (all[1] * 100 < all[2] * 95)
		wrong("less than 95 % of lines")
	if (all[3] * 100 < all[4] * 85)
		wrong("less than 85 % of branches")
	exit failed
}
