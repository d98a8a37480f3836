# SPDX-License-Identifier: GPL-2.0
#
# functions.awk - the functions of an object, in a form that does not change when something
# else in the object does: one a line, with tabs between object, name and instructions
#
#   awk -v object=NAME -f functions.awk input=1 STRINGS input=2 SYMBOLS input=3 CODE
#
# STRINGS is what "readelf -p" says of its sections of strings, SYMBOLS "objdump -t", CODE
# "objdump -drw --no-show-raw-insn". A place that is named by section and
# offset becomes the string or the symbol that is there; a jump in the function goes to an
# instruction by its number; "nop", by which the compiler aligns, is not told apart from none.

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

function finish(	i, count, target, out) {
	for (i = 1; i <= lines; i++)
		number[address[i]] = code[i] == "nop" ? count + 1 : ++count
	for (i = 1; i <= lines; i++) {
		if (code[i] == "nop")
			continue
		# A jump within the function, to its so many-th instruction
		if (match(code[i], /[0-9a-f]+ <[^>]*>/)) {
			target = substr(code[i], RSTART, RLENGTH)
			sub(/ .*/, "", target)
			if (target in number && index(code[i], "<" name) && code[i] !~ / R_/)
				code[i] = substr(code[i], 1, RSTART - 1) "@" number[target] substr(code[i], RSTART + RLENGTH)
			else
				code[i] = substr(code[i], 1, RSTART - 1) substr(code[i], RSTART + length(target) + 1)
		}
		gsub(/\.[0-9]+>/, ">", code[i])
		out = out code[i] ";"
	}
	if (name != "")
		print object "\t" plain(name) "\t" out
	name = ""
	lines = 0
	split("", number)
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

input == 2 && / (F|O) / {
	symbols++
	starts[symbols] = hex($1)
	match($0, / (F|O) [^\t]*\t/)
	in_section[symbols] = substr($0, RSTART + 3, RLENGTH - 4)
	split(substr($0, RSTART + RLENGTH), part, " ")
	size[symbols] = hex(part[1])
	symbol[symbols] = part[2]
	length_of[in_section[symbols], part[2]] = size[symbols]
}

input == 3 && /^Disassembly of section / {
	finish()
	section = $4
	sub(/:$/, "", section)
}

input == 3 && /^[0-9a-f]+ <.*>:$/ {
	finish()
	name = substr($2, 2, length($2) - 3)
	first = hex(substr($1, 9))
	last = first + length_of[section, name]
	next
}

# What stands behind the last function is not its: alternatives of all of them
input == 3 && name != "" && /^ *[0-9a-f]+:\t/ {
	at = $1
	sub(/:/, "", at)
	if (hex(at) >= last)
		next
	sub(/^ *[0-9a-f]+:/, "")
	sub(/[ \t]*\/\/ .*\t/, " ")
	sub(/[ \t]*\/\/ .*/, "")
	gsub(/[ \t]+/, " ")
	sub(/^ /, "")
	sub(/(<[^>]*> )?[0-9a-f]+: R_/, "R_")
	# Where it goes, the relocation says
	sub(/ [0-9a-f]+ R_/, " R_")
	if (/ R_[A-Z0-9_]+ \./ && match($0, /\.[^ ]+$/)) {
		split(substr($0, RSTART), part, /\+/)
		$0 = substr($0, 1, RSTART - 1) place(part[1], hex(part[2]))
	}
	address[++lines] = at
	code[lines] = $0
}

END {
	finish()
}
