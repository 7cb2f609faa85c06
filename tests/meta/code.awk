# C without its comments, strings and characters, line for line, so that what
# is left are words that do something. Preprocessor lines keep their strings.

BEGIN { state = "code" }

{
	line = $0
	out = ""
	directive = state == "code" && line ~ /^[ \t]*#/
	while (line != "") {
		two = substr(line, 1, 2)
		one = substr(line, 1, 1)
		step = 1
		if (state == "comment") {
			if (two == "*/") {
				state = "code"
				step = 2
			}
		} else if (state == "code") {
			if (two == "/*") {
				state = "comment"
				step = 2
				out = out " "
			} else if (two == "//") {
				break
			} else if (!directive && (one == "\"" || one == "'")) {
				state = one
				out = out one
			} else {
				out = out one
			}
		} else if (one == "\\") {
			step = 2
		} else if (one == state) {
			state = "code"
			out = out one
		}
		line = substr(line, step + 1)
	}
	if (state != "comment")
		state = "code"
	print out
}
