# SPDX-License-Identifier: GPL-2.0
#
# chart.gp - what a request costs in each way, by part of the kernel
#
#   gnuplot -e "results='results.csv'; host='pci'; type='svg'; name='chart.svg'" chart.gp

if (type eq "svg") {
	set terminal svg size 960,420 font "sans,12" background "white"
} else {
	set terminal pngcairo size 960,420 font "sans,10" background "white"
}
set output name
set datafile separator ","
set style data histograms
set style histogram rowstacked
set style fill solid 1.0 noborder
set boxwidth 0.7
set grid ytics lc rgb "#dddddd"
set border 3
set xtics nomirror scale 0
set ytics nomirror
set yrange [0:*]

# rows OP PATTERN SIZE DEPTH: of the ways, in this order
rows(op, pattern, size, depth) = sprintf("<awk -F, -v h=%s '$1 == h && $3 == \"raw\" && $5 == \"%s\" && $6 == \"%s\" && $7 == %d && $8 == %d && ($4 != \"inline\" || $9 == 1) && $2 != \"base\" { l[$4] = $0 } END { n = split(\"plaintext inline fallback dm-crypt\", w, \" \"); for (i = 1; i <= n; i++) print l[w[i]] }' %s", host, op, pattern, size, depth, results)
per(size) = size / 4096.0

set multiplot title "Instructions for 4 KiB, virtual host ".host
set tmargin at screen 0.83
set bmargin at screen 0.09
set lmargin at screen 0.07
set rmargin at screen 0.43
set key off
set title "sequential reads of 1 MiB"
s = 1048576
plot rows("read", "seq", s, 1) using ($16/per(s)):xtic(4) lc rgb "#4c78a8" title "block", \
	'' using ($17/per(s)) lc rgb "#e45756" title "blk-crypto", \
	'' using ($18/per(s)) lc rgb "#72b7b2" title "mmc", \
	'' using ($19/per(s)) lc rgb "#54a24b" title "driver", \
	'' using ($20/per(s)) lc rgb "#f58518" title "crypto", \
	'' using ($21/per(s)) lc rgb "#b279a2" title "interrupt", \
	'' using (($22+$23+$15)/per(s)) lc rgb "#bab0ac" title "rest"
set title "random reads of 4 KiB, 31 at a time"
set lmargin at screen 0.50
set rmargin at screen 0.86
set key at screen 0.99,0.83 top right reverse Left invert
s = 4096
plot rows("read", "rand", s, 31) using ($16/per(s)):xtic(4) lc rgb "#4c78a8" title "block", \
	'' using ($17/per(s)) lc rgb "#e45756" title "blk-crypto", \
	'' using ($18/per(s)) lc rgb "#72b7b2" title "mmc", \
	'' using ($19/per(s)) lc rgb "#54a24b" title "driver", \
	'' using ($20/per(s)) lc rgb "#f58518" title "crypto", \
	'' using ($21/per(s)) lc rgb "#b279a2" title "interrupt", \
	'' using (($22+$23+$15)/per(s)) lc rgb "#bab0ac" title "rest"
unset multiplot
