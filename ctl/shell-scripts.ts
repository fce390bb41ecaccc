export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/**
 * Each hands the line before the cursor to `elbctl __complete`, which answers a candidate in each line, behind a tab what it means; the
 * one line `:file` leaves it to the shell. bash splits words at colons, which names of servers have: it gets the candidates without
 * what stands before the last one.
 */
export const SHELL_SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `# bash completion for elbctl
_elbctl() {
  local line current prefix IFS=$'\\n'
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :file ]] && return
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  current=\${COMP_LINE:0:COMP_POINT}
  current=\${current##* }
  if [[ $current == *[:=]* && $COMP_WORDBREAKS == *:* ]]; then
    prefix=\${current%"\${current##*[:=]}"}
    COMPREPLY=("\${COMPREPLY[@]#"$prefix"}")
  fi
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == "" ]] && COMPREPLY=()
}
complete -o default -F _elbctl elbctl
`,
  zsh: `#compdef elbctl
_elbctl() {
  local line
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :file ]]; then
      _files
      return
    fi
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" __complete "\${(j: :)words[1,CURRENT]}" 2>/dev/null)
  _describe elbctl candidates
}
if [ "$funcstack[1]" = "_elbctl" ]; then
  _elbctl "$@"
else
  compdef _elbctl elbctl
fi
`,
  fish: `# fish completion for elbctl
function __elbctl_complete
  set -l found (elbctl __complete (string join ' ' -- (commandline -cp)) 2>/dev/null)
  if test "$found" = ":file"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c elbctl -f -a '(__elbctl_complete)'
`,
};
