/** Tokens, trying out, and what came of it. */
export const formStyle = `
#sign-in{margin-top:1.5rem;scroll-margin-top:1rem}
#sign-in h2{margin:0 0 .75rem;font-size:1.25rem}
#sign-in-form{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13rem),1fr));gap:.25rem 1rem;align-items:end}
#sign-in-says{font-weight:600;color:var(--bad)}
#signed-in span{font-weight:600;margin-right:.75rem}
h2+.card{margin-bottom:1.25rem}
#operator-token{max-width:24rem;scroll-margin-top:4rem}
.field{display:grid;gap:.1875rem;margin:.5rem 0}
.field label{font-size:.875rem;font-weight:600}
input,select,textarea{font:inherit;color:inherit;width:100%;min-width:0;background:var(--card);border:1px solid var(--soft);border-radius:6px;padding:.375rem .625rem;min-height:2.5rem}
textarea{font:.8125rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;resize:vertical;overflow-wrap:normal;white-space:pre-wrap}
[aria-invalid=true]{border-color:var(--bad);box-shadow:inset 0 0 0 1px var(--bad)}
.buttons{margin:.5rem 0}
.send{background:var(--calm-band);border-color:var(--calm-band);color:var(--calm-on);font-weight:600;padding-inline:1.25rem}
.send:hover{background:var(--calm-band);filter:brightness(1.15)}
.try{margin-top:.75rem;border:1px solid var(--line);border-radius:8px;padding:.125rem 1rem}
.try>summary{font-weight:600}
.try form{padding-bottom:.25rem}
.outcome:not(:empty){border-top:1px solid var(--line);padding:.75rem 0 1rem;display:grid;gap:.5rem}
.outcome h4{margin:0;color:var(--tone);font-size:1.0625rem}
.outcome h4 small{margin-left:.5rem}
.outcome ul{padding-left:1.25rem}
.outcome pre{max-height:26rem}
.outcome img{max-width:100%;border-radius:6px}
`;
