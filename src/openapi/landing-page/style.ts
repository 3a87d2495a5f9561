import { pageStyle } from "../page-style.ts";

const landing = `
.wrap{max-width:60rem}
.band .service{margin-bottom:1.5rem}
.ways{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13rem),1fr));gap:1rem;margin-top:2rem}
.ways a{display:block;height:100%;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.25rem;color:inherit;text-decoration:none}
.ways a:hover{border-color:var(--link)}
.ways b{display:block;font-size:1.125rem;color:var(--link)}
.ways span{color:var(--soft)}
h2{margin:2.5rem 0 1rem}
h3{margin:1.25rem 0 .375rem}
main{padding-bottom:4rem}
`;

export const style: string = (pageStyle + landing).replaceAll(/\n\s*/g, "");
