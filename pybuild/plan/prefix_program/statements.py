"""What the program prints: statements in the language of the user's shell."""

from __future__ import annotations

STATEMENTS = r"""
__pb_single="'" __pb_quote="'\\''" __pb_backslash='\' __pb_line=$'\n' __pb_status=0
__pb_say() { printf 'pybuild: %s\n' "$*" >&2; }
__pb_out() { printf '%s\n' "$*" >&46; }
__pb_word() {
  case $__pb_language in
    sh) __pb_text="'${1//$__pb_single/$__pb_quote}'" ;;
    csh) __pb_text="${1//$__pb_single/$__pb_quote}"; __pb_text="'${__pb_text//!/${__pb_backslash}!}'" ;;
    fish) __pb_text="${1//\\/$__pb_backslash$__pb_backslash}"
      __pb_text="'${__pb_text//$__pb_single/$__pb_backslash$__pb_single}'" ;;
  esac
}
# Give the shell a variable with this value, exported.
__pb_put() {
  if [[ $__pb_language == csh && $2 == *"$__pb_line"* ]]; then
    __pb_say "csh cannot set a value with a line break in it: $1"; __pb_status=1; return
  fi
  __pb_word "$2"
  case $__pb_language in
    sh) __pb_out "\\export $1=$__pb_text" ;;
    csh) __pb_out "setenv $1 $__pb_text ;" ;;
    fish) __pb_out "set -gx $1 $__pb_text" ;;
  esac
}
__pb_copy() {
  case $__pb_language in
    sh) __pb_out "\\export $1=\"\$$2\"" ;;
    csh) __pb_out "setenv $1 \"\$$2:q\" ;" ;;
    fish) __pb_out "set -gx $1 \"\$$2\"" ;;
  esac
}
# A universal variable of fish is hidden by an empty one, never erased: it belongs to all shells of the user.
__pb_drop() {
  case $__pb_language in
    sh) __pb_out "\\unset $1" ;;
    csh) __pb_out "unsetenv $1 ;" ;;
    fish) __pb_out "set -qU $1; and set -gx $1; or set -e $1" ;;
  esac
}
# Remember a variable before it changes: $1 of level $2; $3 says whether it is exported.
__pb_save() {
  local __pb_key=__PYBUILD_$2
  [ -z "$3" ] || __pb_copy "${__pb_key}_B_$1" "$1"
  case $__pb_language in
    sh) [ -n "$3" ] || __pb_out "[ -z \"\${$1+x}\" ] || ${__pb_key}_L_$1=\"\$$1\"" ;;
    fish) __pb_out "set -qg $1; and set -g ${__pb_key}_L_$1 \$$1; or set -g ${__pb_key}_U_$1 1" ;;
  esac
}
# Bring a variable back that was ($3 not empty) or was not exported.
__pb_back() {
  local __pb_key=__PYBUILD_$2
  case $__pb_language in
    sh) if [ -n "$3" ]; then __pb_copy "$1" "${__pb_key}_B_$1"; else
        __pb_out "\\unset $1"
        __pb_key=${__pb_key}_L_$1
        __pb_out "[ -z \"\${$__pb_key+x}\" ] || { $1=\"\$$__pb_key\"; \\unset $__pb_key; }"
      fi ;;
    csh) if [ -n "$3" ]; then __pb_copy "$1" "${__pb_key}_B_$1"; else __pb_drop "$1"; fi ;;
    fish) __pb_out "if set -q ${__pb_key}_U_$1; set -eg $1; set -e ${__pb_key}_U_$1"
      local __pb_how=-gu
      [ -z "$3" ] || __pb_how=-gx
      __pb_out "else if set -q ${__pb_key}_L_$1; set $__pb_how $1 \$${__pb_key}_L_$1; set -e ${__pb_key}_L_$1"
      __pb_out "else; set -e $1; end"
      [ -z "$3" ] || __pb_out "set -qx $1; or set -gx $1 \"\$${__pb_key}_B_$1\"" ;;
  esac
}
__pb_define() {
  case $__pb_language in
    sh) __pb_out 'pybuild_deactivate() {
  if [ -r "${__PYBUILD_PROGRAM-}" ]; then
    \eval "$(/bin/bash -p "$__PYBUILD_PROGRAM" deactivate sh own || echo false)"
  else
    printf "pybuild: %s is gone; start a new shell\n" "${__PYBUILD_PROGRAM-it}" >&2
    false
  fi
}' ;;
    csh) __pb_word='/bin/bash -p "$__PYBUILD_PROGRAM" deactivate csh own || echo false'
      __pb_word="if test -r \"\$__PYBUILD_PROGRAM\"; then $__pb_word"
      __pb_word="$__pb_word; else echo \"pybuild: \$__PYBUILD_PROGRAM is gone; start a new shell\" >&2"
      __pb_word="$__pb_word; echo false; fi"
      __pb_record __PYBUILD_COMMAND "$__pb_word"
      __pb_out "alias pybuild_deactivate 'eval \"\`/usr/bin/printenv __PYBUILD_COMMAND | /bin/sh\`\"' ;" ;;
    fish) __pb_out 'function pybuild_deactivate'
      __pb_out 'if test -r "$__PYBUILD_PROGRAM"'
      __pb_out '/bin/bash -p $__PYBUILD_PROGRAM deactivate fish own | source'
      __pb_out 'else; echo "pybuild: $__PYBUILD_PROGRAM is gone; start a new shell" >&2; false; end'
      __pb_out end ;;
  esac
}
__pb_undefine() {
  case $__pb_language in
    sh) __pb_out "\\unset -f pybuild_deactivate 2>/dev/null || :" ;;
    csh) __pb_out "unalias pybuild_deactivate ;" ;;
    fish) __pb_out "functions -q pybuild_deactivate; and functions -e pybuild_deactivate" ;;
  esac
}
__pb_finish() {
  [ "$__pb_language" != csh ] || __pb_out "unsetenv __PYBUILD_START __PYBUILD_STARTS ;"
  local __pb_end=true
  [ "$__pb_status" = 0 ] || __pb_end=false
  [ "$__pb_language" != csh ] || __pb_end="$__pb_end ;"
  __pb_out "$__pb_end"
}
"""
