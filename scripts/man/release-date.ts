/** The date of the newest version in a change log, `2026-11-29`. @throws an Error where there is none */
export function releaseDate(changelog: string): string {
  const [, date] = /^## \S+, (\d{4}-\d{2}-\d{2})$/m.exec(changelog) ?? [];
  if (date === undefined) throw new Error('CHANGELOG.md has no line "## VERSION, YYYY-MM-DD"');
  return date;
}
