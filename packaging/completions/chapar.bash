_chapar() {
    local candidate
    COMPREPLY=()
    while IFS='' read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(CHAPAR_COMPLETE=bash chapar -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o nosort -F _chapar chapar 2>/dev/null ||
    complete -o bashdefault -F _chapar chapar
