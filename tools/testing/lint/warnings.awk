# SPDX-License-Identifier: GPL-2.0
#
# warnings.awk - what compilers, linkers and checkers said, one finding a line: file, line
# and message with tabs between them; each place in the source once
#
#   awk -v tree=DIR -v ok=1 -f warnings.awk LOG
#
# ok: the command succeeded. If it did not, there is at least one line.

function finding(file, line, message) {
	gsub(/\t/, " ", message)
	if (!seen[file, line, message]++) {
		print file "\t" line "\t" message
		errors += message ~ /error|Error|undefined/
	}
}

{
	while ((at = index($0, tree "/")) > 0)
		$0 = substr($0, 1, at - 1) substr($0, at + length(tree) + 1)
	# As a compiler's cache has it, seen from the folder of the build
	sub(/^(\.\.\/)+tree\//, "")
	gsub(/\r/, "")
}

# The ones of the device tree compiler name a place in the compiled tree
match($0, /^[^ :]+:[0-9]+\.[0-9]+-[0-9.]+: (Warning|ERROR) /) {
	split($0, part, ":")
	message = substr($0, RLENGTH - (/: Warning / ? 8 : 6))
	sub(/\..*/, "", part[2])
	sub(/^ */, "", message)
	finding(part[1], part[2], message)
	next
}

/^[^ :]+:[0-9]+(:[0-9]+)?: ?(warning|error|fatal error): / {
	split($0, part, ":")
	match($0, /(warning|error|fatal error): /)
	finding(part[1], part[2], substr($0, RSTART))
	next
}

/unmet direct dependencies|undefined reference|undefined symbol|multiple definition|WARNING: modpost|ERROR: modpost|objtool: / {
	# Addresses and sections of what is being linked say nothing
	sub(/^.*: in function /, "in function ")
	finding("-", 0, $0)
	next
}

# Where the build stopped, if nothing else was understood
/^make.*\*\*\* / {
	stopped = stopped ? stopped : $0
}

END {
	if (!ok && !errors)
		finding("-", 0, stopped ? "error: " stopped : "error: it ended with a failure")
}
