import { english } from "./english.ts";
import type { Texts } from "./text-types.ts";

const languages = { en: english } as const satisfies Record<string, Texts>;

export type Language = keyof typeof languages;

export const textsIn = (language: Language): Texts => languages[language];

const isLanguage = (tag: string): tag is Language => Object.hasOwn(languages, tag);

const maxPreferences = 10;

/** Returns the preferred language of an `Accept-Language` header among those with texts. English is the default. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const preferences = (acceptLanguage ?? "").slice(0, 200).split(",", maxPreferences);
  const weighted = preferences.map((preference) => {
    const [tag = "", ...parameters] = preference.split(";");
    const weight = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
    return { language: tag.trim().toLowerCase().split("-", 1)[0] ?? "", weight: Number(weight ?? 1) };
  });
  const supported = weighted.filter(({ language, weight }) => isLanguage(language) && weight > 0);
  const [first] = supported.sort((a, b) => b.weight - a.weight);
  return first !== undefined && isLanguage(first.language) ? first.language : "en";
}
