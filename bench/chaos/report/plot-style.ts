/** The plot has its own background, so that it is readable on light and on dark pages. */
export const style = `
.card{fill:#fff;stroke:#dedfd9}
text{fill:#1b1f23}
.title{font-size:15px;font-weight:600}
.soft{fill:#586068}.mark{fill:#8d1a13;font-weight:600}
.end{text-anchor:end}.middle{text-anchor:middle}
.line{stroke:#e2e3de;fill:none}.edge{stroke:#b42318;fill:none}
.window{fill:#b42318;opacity:.09}.pointer{fill:#8d1a13}
.answered{fill:#7fa7d1}.late{fill:#f0b429}.failed{fill:#d92d20}
.slowest{stroke:#c27803;fill:none;stroke-width:1.2}.median{stroke:#2f5f98;fill:none;stroke-width:1.8}
.good{fill:#bfe3cd}.warn{fill:#f3c252}.calm{fill:#b9cfea}.bad{fill:#e58b83}
.on-good,.on-warn,.on-calm,.on-bad{fill:#16181b;font-size:10px}
@media (prefers-color-scheme:dark){
.card{fill:#1a1d20;stroke:#30353a}
text{fill:#e7e9eb}
.soft{fill:#a3abb3}.mark{fill:#ffa39b}
.line{stroke:#30353a}.edge{stroke:#ff8a80}
.window{fill:#ff8a80;opacity:.12}.pointer{fill:#ffa39b}
.answered{fill:#5f8cc0}.late{fill:#e0a526}.failed{fill:#ff6358}
.slowest{stroke:#efb43c}.median{stroke:#93b8e8}
.good{fill:#2c6b4b}.warn{fill:#b98812}.calm{fill:#3f5f8a}.bad{fill:#a8443c}
.on-good,.on-warn,.on-calm,.on-bad{fill:#fff}
.on-warn{fill:#16181b}
}`.replaceAll("\n", "");
