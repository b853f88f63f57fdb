# SPDX-License-Identifier: ISC
#
# The table of compare.sh: medians of results.csv for each workload and server, and how chatd compares to the best peer
# in each column, as Markdown. -v titles='A=what it is|B=...' names the workloads, in order. S and T, which are about
# log-ins, have a table of their own.

BEGIN {
    FS = ","
    count = split(titles, list, "|")
    for (i = 1; i < count; i++) {
        at = index(list[i], "=")
        order[++workloads] = substr(list[i], 1, at - 1)
        title[order[workloads]] = substr(list[i], at + 1)
    }
    is_storm["S"] = is_storm["T"] = 1
    shown = split("deliveries_per_s cpu_us_per_delivery latency_p50_ms latency_p99_ms latency_max_ms " \
                  "switches_per_delivery", show, " ")
    split("%.0f %.3f %.3f %.3f %.1f %.4f", format, " ")
}

NR == 1 {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    fields = NF
    next
}

{
    key = $2 "," $3
    if (!($3 in is_server)) {
        is_server[$3] = 1
        server[++servers] = $3
    }
    n[key]++
    for (i = 4; i <= fields; i++)
        value[key, i, n[key]] = $i
}

function median(key, i,    v, m, a, b, t) {
    m = n[key]
    for (a = 1; a <= m; a++) {
        t = value[key, i, a] + 0
        for (b = a - 1; b >= 1 && v[b] > t; b--)
            v[b + 1] = v[b]
        v[b + 1] = t
    }
    return m % 2 ? v[(m + 1) / 2] : (v[m / 2] + v[m / 2 + 1]) / 2
}

function sum(key, name,    r, s) {
    for (r = 1; r <= n[key]; r++)
        s += value[key, column[name], r]
    return s + 0
}

function add(text, more) {
    return text == "" ? more : text ", " more
}

function remark(text, key, name, what,    s) {
    s = sum(key, name)
    return s ? add(text, s " " what) : text
}

# What went wrong in any round, and when the generator had no time left.
function remarks(key,    text, r, busy, broken, others) {
    for (r = 1; r <= n[key]; r++) {
        busy += value[key, column["generator_busy"], r] > 0.9
        broken += value[key, column["complete"], r] != "true"
    }
    if (broken)
        text = add(text, broken " runs not complete")
    text = remark(text, key, "closed", "closed")
    if (median(key, column["longest_dip_s"]) >= 0.5)
        text = add(text, sprintf("less than half of the usual for %.1f s", median(key, column["longest_dip_s"])))
    text = remark(text, key, "lost", "lost")
    text = remark(text, key, "doubled", "doubled")
    text = remark(text, key, "disordered", "out of order")
    text = remark(text, key, "damaged", "damaged")
    if (sum(key, "other_orders"))
        text = add(text, "members saw different orders")
    others = median(key, column["others_cores"])
    if (others > 0.1)
        text = add(text, sprintf("others used %.1f cores", others))
    if (busy)
        text = add(text, "generator at its limit in " busy " rounds")
    return text
}

function thousands(s,    i, text) {
    if (s !~ /^[0-9]+$/)
        return s
    for (i = length(s); i > 3; i -= 3)
        text = "," substr(s, i - 2, 3) text
    return substr(s, 1, i) text
}

function line(w, s,    key, i, text) {
    key = w "," s
    text = "| " title[w] " | " s
    for (i = 1; i <= shown; i++)
        text = text " | " thousands(sprintf(format[i], median(key, column[show[i]])))
    print text " | " remarks(key) " |"
}

# chatd with IRC clients is compared to IRC servers, and chatd itself to all others.
function is_peer(own, s) {
    return own == "chatd-irc" ? s ~ /^(insp|ng)ircd$/ : s !~ /^chatd/
}

# More is better in the first column, less in the others. A run that was not complete is nobody's best.
function best(own, w, i,    s, key, v, b) {
    b = ""
    for (s = 1; s <= servers; s++) {
        key = w "," server[s]
        if (!is_peer(own, server[s]) || !n[key])
            continue
        v = median(key, column[show[i]])
        if (v > 0 && (b == "" || (i == 1 ? v > b : v < b)))
            b = v
    }
    return b
}

function compare(own, w,    i, b, text) {
    if (!n[w "," own] || best(own, w, 1) == "")
        return
    text = "| | **" own (own == "chatd" ? " / best peer**" : " / best IRC server**")
    for (i = 1; i <= shown; i++) {
        b = i <= 4 ? best(own, w, i) : ""
        text = text " | " (b == "" ? "" : sprintf("**%.2f**", median(w "," own, column[show[i]]) / b))
    }
    print text " | |"
}

function memory(own, w,    key, m, d) {
    key = w "," own
    if (!n[key] || w in is_storm)
        return
    m = median(key, column["kib_per_client"])
    d = sum(key, "chatd_deliveries")
    printf "| %s | %.2f | %.1f | %.1f | %d | %s | %s |\n", title[w] (own == "chatd" ? "" : ", " own), \
        median(key, column["login_s"]), m, median(key, column["peak_kib_per_client"]), median(key, column["threads"]), \
        d ? sprintf("%.4f", sum(key, "chatd_writes") / d) : "", \
        sum(key, "stopped_closed") ? sum(key, "stopped_closed") / n[key] : ""
}

# With TLS there are handshakes. The generator may well be their limit: then the CPU time says more than the rate.
function storm(w, s,    key, rate) {
    key = w "," s
    rate = median(key, column["handshakes_per_s"])
    printf "| %s | %s | %.2f | %s | %.0f | %.0f %% | %s |\n", title[w], s, median(key, column["login_s"]), \
        rate ? thousands(sprintf("%.0f", rate)) : "", median(key, column["login_cpu_us_per_client"]), \
        100 * median(key, column["login_generator_busy"]), remarks(key)
}

function storms(    i, s, head) {
    for (i = 1; i <= workloads; i++)
        for (s = 1; s <= servers; s++) {
            if (!(order[i] in is_storm) || !n[order[i] "," server[s]])
                continue
            if (!head++) {
                print "\n| log-ins | server | all in, s | handshakes/s | server CPU µs each | generator busy " \
                      "| remarks |"
                print "| --- | --- | ---: | ---: | ---: | ---: | --- |"
            }
            storm(order[i], server[s])
        }
}

function talks(    i, s) {
    print "| workload | server | deliveries/s | server CPU µs/delivery | p50 ms | p99 ms | max ms " \
          "| context switches/delivery | remarks |"
    print "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
    for (i = 1; i <= workloads; i++) {
        if (order[i] in is_storm)
            continue
        for (s = 1; s <= servers; s++)
            if (n[order[i] "," server[s]])
                line(order[i], server[s])
        compare("chatd", order[i])
        compare("chatd-irc", order[i])
    }
    print ""
    print "| chatd | log-in of all, s | resident KiB/client, all in | at its peak | threads " \
          "| writes/delivery, log-in included | stopped readers closed |"
    print "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for (i = 1; i <= workloads; i++) {
        memory("chatd", order[i])
        memory("chatd-irc", order[i])
    }
}

END {
    for (i = 1; i <= workloads; i++)
        talked += !(order[i] in is_storm)
    if (talked)
        talks()
    storms()
}
