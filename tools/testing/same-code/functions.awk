# SPDX-License-Identifier: GPL-2.0
#
# functions.awk - the functions of an object, in a form that does not change when something
# else in the object does: one a line, with tabs between object, name and instructions
#
#   awk -v object=NAME -f functions.awk input=1 STRINGS input=2 SYMBOLS input=3 CODE
#
# STRINGS is what "readelf -p" says of its sections of strings, SYMBOLS "objdump -t", CODE
# "objdump -drw --no-addresses --no-show-raw-insn". A place that is named by section and
# offset becomes the string or the symbol that is there.

function hex(digits,	i, value) {
	value = 0
	sub(/^0x/, "", digits)
	for (i = 1; i <= length(digits); i++)
		value = value * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
	return value
}

# The compiler counts what has the same name in one file
function plain(name) {
	sub(/\.[0-9]+$/, "", name)
	return name
}

# The first byte of a message to the log is its level, which readelf does not print
function text(section, offset) {
	if ((section, offset) in string)
		return string[section, offset]
	return string[section, offset + 1]
}

function place(section, offset,	i, best) {
	if (text(section, offset) != "")
		return "\"" text(section, offset) "\""
	best = 0
	for (i = 1; i <= symbols; i++)
		if (in_section[i] == section && starts[i] <= offset && (!best || starts[i] > starts[best]))
			best = i
	if (!best || offset >= starts[best] + size[best])
		return section
	return plain(symbol[best]) "+" (offset - starts[best])
}

function finish() {
	# What stands beside the functions, such as alternatives of theirs, has no name of its own
	if (name != "" && name !~ /^\./)
		print object "\t" plain(name) "\t" code
	name = code = ""
}

input == 1 && /^String dump of section/ {
	section = $5
	gsub(/['‘’:]/, "", section)
}

input == 1 && match($0, /^ *\[ *[0-9a-f]+\]  ?/) {
	words = substr($0, RLENGTH + 1)
	offset = substr($0, 1, RLENGTH)
	gsub(/[^0-9a-f]/, "", offset)
	gsub(/\t/, " ", words)
	string[section, hex(offset)] = words
}

input == 2 && / [FO] / {
	symbols++
	starts[symbols] = hex($1)
	match($0, / [FO] [^\t]*\t/)
	in_section[symbols] = substr($0, RSTART + 3, RLENGTH - 4)
	split(substr($0, RSTART + RLENGTH), part, " ")
	size[symbols] = hex(part[1])
	symbol[symbols] = part[2]
}

input == 3 && /^<.*>:$/ {
	finish()
	name = substr($0, 2, length($0) - 3)
	next
}

input == 3 && name != "" && /^[ \t]/ {
	gsub(/[ \t]+/, " ")
	if (match($0, /\.[a-z_][a-zA-Z0-9_.]*(\+0x[0-9a-f]+)?$/) && /R_[A-Z0-9]+_/ && substr($0, RSTART - 1, 1) == " ") {
		split(substr($0, RSTART), part, /\+/)
		$0 = substr($0, 1, RSTART - 1) place(part[1], hex(part[2]))
	}
	gsub(/\.[0-9]+>/, ">")
	code = code $0 ";"
}

END {
	finish()
}
