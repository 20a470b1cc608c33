// `godwit completion`: a script with which bash or zsh completes commands and flags, made of the table.

import { SETTINGS } from '@godwit/protocol';
import { flagName, PLACES } from '../config.ts';
import type { Run } from './frame/call.ts';
import { flagsOf, type Row } from './frame/row.ts';
import { UsageError } from './frame/usage.ts';
import { COMMANDS, FIRST_WORDS, PREFIXES, secondWords } from './table.ts';

const flagWords = (row: Row): string[] =>
  row.raw === true ? Object.keys({ ...PLACES, ...SETTINGS }).map(flagName) : Object.keys(flagsOf(row)).map((name) => `--${name}`);

const script = (): string => {
  const cases = COMMANDS.map((row: Row) => `    '${row.name}') words='${flagWords(row).join(' ')}' ;;`);
  const seconds = PREFIXES.map((prefix) => `    ${prefix}) words='${secondWords(prefix).join(' ')}' ;;`);
  return `_godwit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" first="\${COMP_WORDS[1]}" second="\${COMP_WORDS[2]}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${FIRST_WORDS.join(' ')} --help --version'
  else
    case "$first" in
${seconds.join('\n')}
    esac
    [ "$COMP_CWORD" -gt 2 ] && [ -n "$words" ] && first="$first $second" && words=''
    [ -n "$words" ] || case "$first" in
${cases.join('\n')}
    esac
  fi
  case "$current" in
    -* | '') ;;
    *) [ "$COMP_CWORD" -gt 2 ] && words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _godwit godwit
`;
};

export const completion: Run<'completion'> = async ({ words, output }) => {
  if (words.shell !== 'bash' && words.shell !== 'zsh') throw new UsageError('There are scripts for bash and zsh.', 'completion');
  const text = words.shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${script()}` : script();
  await output.write(text);
};
