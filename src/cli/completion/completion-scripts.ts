/**
 * The scripts that make a shell ask `dmaheap __complete`. Names come from device trees, which may be hostile:
 * no script evaluates or word-splits what it is given.
 *
 * The protocol: one candidate a line, a tab, a description; `:files` alone asks for file names.
 */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type ShellName = (typeof SHELLS)[number];

/*
 * Bash breaks words at `@`, `:` and `=`, which are part of our words. So the line is split at blanks again, and
 * what Bash takes for done is cut off each candidate.
 */
const BASH = String.raw`# bash completion for dmaheap: eval "$(dmaheap completion bash)"
_dmaheap() {
  local line="${'${'}COMP_LINE:0:COMP_POINT}" cur="" word about done
  local -a words=()
  read -r -a words <<< "$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  cur="${'${'}words[${'${'}#words[@]} - 1]}"
  done="${'${'}cur%"${'${'}cur##*["$COMP_WORDBREAKS"]}"}"
  COMPREPLY=()
  while IFS=$'\t' read -r word about; do
    if [ "$word" = ":files" ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
      return
    fi
    word="${'${'}word#"$done"}"
    printf -v word %q "$word"
    COMPREPLY+=("$word")
  done < <(dmaheap __complete "${'${'}words[@]:1}" 2>/dev/null)
}
complete -F _dmaheap dmaheap
`;

const ZSH = String.raw`#compdef dmaheap
# zsh completion for dmaheap: source <(dmaheap completion zsh), or put it in a file _dmaheap in $fpath
_dmaheap() {
  local line word
  local -a candidates shown asked
  asked=("${'${'}(@Q)words[2,CURRENT]}")
  while IFS= read -r line; do
    if [[ "$line" == ":files" ]]; then
      _files
      return
    fi
    word="${'${'}line%%$'\t'*}"
    candidates+=("$word")
    shown+=("$word  -- ${'${'}line#*$'\t'}")
  done < <(dmaheap __complete "${'${'}asked[@]}" 2>/dev/null)
  (( ${'${'}#candidates} )) && compadd -l -d shown -a -- candidates
}
if [ "$funcstack[1]" = "_dmaheap" ]; then
  _dmaheap
else
  compdef _dmaheap dmaheap
fi
`;

const FISH = String.raw`# fish completion for dmaheap: dmaheap completion fish | source
function __dmaheap_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l candidates (dmaheap __complete $words[2..-1] "$current" 2>/dev/null)
    if test "$candidates[1]" = ":files"
        __fish_complete_path "$current"
    else
        printf '%s\n' $candidates
    end
end
complete -c dmaheap -f -a '(__dmaheap_complete)'
`;

export const completionScript = (shell: ShellName): string => ({ bash: BASH, zsh: ZSH, fish: FISH })[shell];
