# What the script of a module plan is made of. Run by bash once, with nothing of the user's in the environment.
#
# This only acts and writes down what it finds; whether that is right is judged by whoever reads it, because
# module tools return success on failure. Data goes to descriptor 47, which no modulefile and no program that
# one starts can write to. Everything that tools and modulefiles print goes to standard error.
#
# Names begin with __pybuild_ because the tools' answers are evaluated inside these functions: a plain local
# variable would swallow one of the same name that a module sets.

exec 47>&1 1>&2

# A kind, the number of fields, the fields.
__pybuild_say() {
  printf '%s\0' "$1" "$(($# - 1))" "${@:2}" >&47
}

# Begin an operation: what is printed from here on are the tool's words about it.
__pybuild_at() {
  printf '\n%s %s\n' "$__pybuild_nonce" "$*" >&2
  __pybuild_say at "$*"
}

# The shell's own list of exported variables: no program is asked, because PATH and the loader's variables
# are the modules' by now.
__pybuild_state() {
  local IFS=$' \t\n' __pybuild_name
  local -a __pybuild_fields=("${LOADEDMODULES-}" "${MODULEPATH-}")
  for __pybuild_name in $(compgen -e); do
    if [ -n "${!__pybuild_name+x}" ]; then
      __pybuild_fields+=("$__pybuild_name=${!__pybuild_name}")
    fi
  done
  __pybuild_say state "${__pybuild_fields[@]}"
}

# After each file of the init: it may have left the shell in any mode.
__pybuild_calm() {
  set +euxv
  shopt -u nocasematch
}

__pybuild_module() {
  module "$@" 47>&-
  __pybuild_calm
}

# Fill __pybuild_list with what is loaded, the last one first.
__pybuild_loaded() {
  local __pybuild_rest="${LOADEDMODULES-}:"
  __pybuild_list=()
  while [[ $__pybuild_rest == *:* ]]; do
    if [ -n "${__pybuild_rest%%:*}" ]; then
      __pybuild_list=("${__pybuild_rest%%:*}" "${__pybuild_list[@]}")
    fi
    __pybuild_rest="${__pybuild_rest#*:}"
  done
}

# Whether a module is loaded, named with or without its version.
__pybuild_has() {
  [[ ":${LOADEDMODULES-}:" == *":$1:"* || ":${LOADEDMODULES-}" == *":$1/"* ]]
}

# Whether a module matches a pattern, with its version or without.
__pybuild_matches() {
  local __pybuild_name="$1"
  while true; do
    # shellcheck disable=SC2053  # the right side is a pattern
    [[ $__pybuild_name == $2 ]] && return 0
    [[ $__pybuild_name == */* ]] || return 1
    __pybuild_name="${__pybuild_name%/*}"
  done
}

__pybuild_load() {
  __pybuild_has "$1" || __pybuild_module load "$1"
}

# Load everything that is missing with one call: the tool takes longer to start than to load a module.
# What this does not bring is loaded once more, alone, for the tool's own words about it.
__pybuild_together() {
  local __pybuild_one
  local -a __pybuild_list=()
  for __pybuild_one in "$@"; do
    __pybuild_has "$__pybuild_one" || __pybuild_list+=("$__pybuild_one")
  done
  if [ "${#__pybuild_list[@]}" -gt 0 ]; then
    __pybuild_module load "${__pybuild_list[@]}"
  fi
}

__pybuild_unload() {
  local __pybuild_one
  local -a __pybuild_list
  __pybuild_loaded
  for __pybuild_one in "${__pybuild_list[@]}"; do
    if __pybuild_matches "$__pybuild_one" "$1" && __pybuild_has "$__pybuild_one"; then
      __pybuild_module unload "$__pybuild_one"
    fi
  done
}

__pybuild_swap() {
  if __pybuild_has "$1"; then
    __pybuild_module swap "$1" "$2"
  fi
}

# A module, then the patterns of its family.
__pybuild_choose() {
  local __pybuild_one __pybuild_pattern
  local -a __pybuild_list __pybuild_found=()
  __pybuild_loaded
  for __pybuild_one in "${__pybuild_list[@]}"; do
    for __pybuild_pattern in "${@:2}"; do
      if __pybuild_matches "$__pybuild_one" "$__pybuild_pattern"; then
        __pybuild_found+=("$__pybuild_one")
        break
      fi
    done
  done
  if __pybuild_has "$1" || [ "${#__pybuild_found[@]}" -gt 1 ]; then
    return
  fi
  if [ "${#__pybuild_found[@]}" -eq 1 ]; then
    __pybuild_module swap "${__pybuild_found[0]}" "$1"
  else
    __pybuild_module load "$1"
  fi
}

# Environment Modules leave a folder that is already in use where it is.
__pybuild_use() {
  __pybuild_module use "$1"
  case "${MODULEPATH-}:" in
    "$1":* | "$1"/:*) ;;
    *) __pybuild_module unuse "$1" && __pybuild_module use "$1" ;;
  esac
}

# The first line that a program prints; functions that the modules defined do not count.
__pybuild_ask() {
  local __pybuild_program __pybuild_line=""
  __pybuild_program="$(type -P -- "$1")"
  if [ -n "$__pybuild_program" ]; then
    IFS= read -r __pybuild_line < <("$__pybuild_program" "${@:2}" 2>/dev/null 47>&-)
  fi
  __pybuild_say answer "$__pybuild_line"
}
