"""What the program does with the machine's module tool, and what it looks at afterwards."""

from __future__ import annotations

MODULES = r"""
__pb_module() {
  module "$@" 46>&- </dev/null
  set +euxv
  shopt -u nocasematch
}
# The user's shell may have the command; a shell that has not gets it as the site says.
__pb_tool() {
  local __pb_env=${ENV+x}$ENV __pb_bash_env=${BASH_ENV+x}$BASH_ENV __pb_one
  eval "$(env -u BASH_ENV -u ENV -u SHELLOPTS -u BASHOPTS /bin/bash -c 'declare -f' 46>&- 2>/dev/null)"
  if ! declare -F module >/dev/null; then
    for ((__pb_one = 0; __pb_one + 1 < ${#__pb_tool_env[@]}; __pb_one += 2)); do
      export "${__pb_tool_env[__pb_one]}=${__pb_tool_env[__pb_one + 1]}"
    done
    for __pb_one in "${__pb_init[@]}"; do
      [ ! -r "$__pb_one" ] || . "$__pb_one" 46>&-
      set +euxv
    done
    if ! declare -F module >/dev/null && [ -r "${MODULESHOME-}/init/bash" ]; then
      . "$MODULESHOME/init/bash" 46>&-
      set +euxv
    fi
    # what starts other shells of the user stays as it was
    [ -n "$__pb_env" ] && export ENV="${__pb_env#x}" || unset ENV
    [ -n "$__pb_bash_env" ] && export BASH_ENV="${__pb_bash_env#x}" || unset BASH_ENV
  fi
  if ! declare -F module >/dev/null; then
    module() { :; }
    __pb_say "no module command is known here; start a login shell, or read the init file of the site first"
    return
  fi
  if [ -z "${__pb_before[LOADEDMODULES]+x}" ]; then
    for __pb_one in "${__pb_baseline[@]}"; do __pb_load "$__pb_one"; done
  fi
}
__pb_split() {
  local __pb_rest="$1:"
  __pb_list=()
  [ -n "$1" ] || return 0
  while [ -n "$__pb_rest" ]; do __pb_list+=("${__pb_rest%%:*}"); __pb_rest="${__pb_rest#*:}"; done
}
# Fill __pb_found with the loaded modules that one of the patterns names, the last one first.
__pb_matching() {
  local __pb_one __pb_name __pb_pattern
  __pb_split "${LOADEDMODULES-}"
  __pb_found=()
  for __pb_one in "${__pb_list[@]}"; do
    __pb_name=$__pb_one
    while [ -n "$__pb_name" ]; do
      for __pb_pattern in "$@"; do
        if [[ $__pb_name == $__pb_pattern ]]; then __pb_found=("$__pb_one" "${__pb_found[@]}"); break 2; fi
      done
      case $__pb_name in */*) __pb_name=${__pb_name%/*} ;; *) __pb_name= ;; esac
    done
  done
  [ "${#__pb_found[@]}" -gt 0 ]
}
__pb_load() { __pb_matching "$1" || __pb_module load "$1"; }
__pb_unload() {
  local __pb_one
  __pb_matching "$1" || return 0
  for __pb_one in "${__pb_found[@]}"; do __pb_module unload "$__pb_one"; done
}
# A module in place of the first one found; others that were found are unloaded before.
__pb_instead() {
  local __pb_one
  for __pb_one in "${__pb_found[@]:1}"; do __pb_module unload "$__pb_one"; done
  __pb_module swap "${__pb_found[0]}" "$1"
}
__pb_swap() { if __pb_matching "$2"; then __pb_instead "$1"; else __pb_load "$1"; fi; }
__pb_choose() {
  __pb_matching "$1" && return
  if __pb_matching "${@:2}"; then __pb_instead "$1"; else __pb_module load "$1"; fi
}
__pb_use() {
  case "${MODULEPATH-}:" in
    "$1":* | "$1"/:*) ;;
    *":$1:"* | *":$1/:"*) __pb_module unuse "$1"; __pb_module use "$1" ;;
    *) __pb_module use "$1" ;;
  esac
}
__pb_no() { __pb_say "$1"; __pb_status=1; }
__pb_is_loaded() { __pb_matching "$1" || __pb_no "$2"; }
__pb_is_gone() { ! __pb_matching "$1" || __pb_no "$2 (loaded: ${__pb_found[*]})"; }
__pb_is_set() { [ -n "${!1+x}" ] || __pb_no "$2"; }
"""
