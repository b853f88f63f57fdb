# SPDX-License-Identifier: ISC
#
# The chart of compare.sh: for each workload that peers ran too, the medians of results.csv as bars in SVG. Closed
# loops (A, B) show deliveries per second, open ones (C, D) the 99th percentile; both show CPU for each delivery.
# -v over='...' is added to the titles.

BEGIN {
    FS = ","
    split("A B C D", order, " ")
    text["A"] = "A: 100 clients, 1 sender, 64 in flight"
    text["B"] = "B: 100 clients, 50 senders, 64 in flight"
    text["C"] = "C: 100 clients, 500 texts/s"
    text["D"] = "D: 1,000 clients in 100 rooms, 1,000 texts/s"
    panel = 400
    names = 70
    bars = 230
    step = 20
}

NR == 1 {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    next
}

{
    if (!($3 in is_server)) {
        is_server[$3] = 1
        server[++servers] = $3
    }
    key = $2 "," $3
    n[key]++
    for (i = 4; i <= NF; i++)
        value[key, i, n[key]] = $i + 0
}

function median(key, name,    v, m, a, b, t, i) {
    i = column[name]
    m = n[key]
    for (a = 1; a <= m; a++) {
        t = value[key, i, a]
        for (b = a - 1; b >= 1 && v[b] > t; b--)
            v[b + 1] = v[b]
        v[b + 1] = t
    }
    return m % 2 ? v[(m + 1) / 2] : (v[m / 2] + v[m / 2 + 1]) / 2
}

function label(x, y, class, s) {
    printf "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, s
}

function bar(x, y, s, v, most, unit,    width, shown) {
    width = most > 0 ? v / most * bars : 0
    shown = unit == "M/s" ? sprintf("%.2f", v / 1e6) : v < 10 ? sprintf("%.3f", v) : sprintf("%.1f", v)
    label(x + names - 6, y + 12, "name", s)
    printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"%s\"/>\n", x + names, y, \
        width < 1 ? 1 : width, step - 5, s ~ /^chatd/ ? "own" : "peer"
    label(x + names + width + 5, y + 12, "value", shown " " unit)
}

function draw(w, name, what, unit, x, y,    s, v, most) {
    for (s = 1; s <= servers; s++)
        if (n[w "," server[s]] && (v = median(w "," server[s], name)) > most)
            most = v
    label(x + names, y, "what", what)
    y += 8
    for (s = 1; s <= servers; s++)
        if (n[w "," server[s]]) {
            bar(x, y, server[s], median(w "," server[s], name), most, unit)
            y += step
        }
}

END {
    row = servers * step + 60
    for (i = 1; i <= 4; i++)
        rows += n[order[i] ",chatd"] > 0
    height = rows * row + 10
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" " \
        "font-family=\"sans-serif\" font-size=\"12\">\n", 2 * panel, height, 2 * panel, height
    print "<style>.title{font-size:14px;font-weight:bold}.what{fill:#555}.name{text-anchor:end}.value{fill:#333}" \
          ".own{fill:#c0392b}.peer{fill:#7f8c8d}</style>"
    printf "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", 2 * panel, height
    y = 25
    for (i = 1; i <= 4; i++) {
        w = order[i]
        if (!n[w ",chatd"])
            continue
        label(10, y, "title", text[w] over)
        if (w == "A" || w == "B")
            draw(w, "deliveries_per_s", "deliveries a second (more is better)", "M/s", 0, y + 20)
        else
            draw(w, "latency_p99_ms", "99th percentile (less is better)", "ms", 0, y + 20)
        draw(w, "cpu_us_per_delivery", "server CPU for each delivery (less is better)", "µs", panel, y + 20)
        y += row
    }
    print "</svg>"
}
