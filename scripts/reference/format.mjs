import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

/** Formats what the source says as the rest of the code: declarations in lines of its width, types of members in one. */
export async function formatTypes(root, entries) {
  const style = { ...(await resolveConfig(join(root, 'package.json'))), parser: 'typescript' };
  const formatted = async (code, more) => (await format(code, { ...style, ...more })).trimEnd();
  for (const item of entries.flatMap(({ items }) => items)) {
    item.declared = await formatted(item.declarations.join(';\n'));
    for (const member of item.members ?? []) {
      // Members of an object in the type would stay on lines of their own.
      const code = member.type.replaceAll(/\s+/g, ' ');
      const [before, after] = member.isMethod ? ['interface _ {', '}'] : ['type _ =', ''];
      const text = await formatted(`${before} ${code} ${after}`, { printWidth: Infinity });
      member.type = text.slice(before.length, text.lastIndexOf(';')).trim();
    }
  }
}
