"""How the program takes an environment back."""

from __future__ import annotations

POP = r"""
# The value before ($1) with what was added to and taken from the value afterwards ($2) until now ($3).
__pb_merged() {
  local __pb_one __pb_seen= __pb_front=() __pb_end=() __pb_kept=()
  local -A __pb_count=()
  __pb_split "$2"
  for __pb_one in "${__pb_list[@]}"; do __pb_count[x$__pb_one]=$((${__pb_count[x$__pb_one]-0} + 1)); done
  __pb_split "$3"
  for __pb_one in "${__pb_list[@]}"; do
    if [ "${__pb_count[x$__pb_one]-0}" -gt 0 ]; then
      __pb_count[x$__pb_one]=$((${__pb_count[x$__pb_one]} - 1)); __pb_seen=x
    elif [ -z "$__pb_seen" ]; then __pb_front+=("$__pb_one")
    else __pb_end+=("$__pb_one"); fi
  done
  __pb_split "$1"
  for __pb_one in "${__pb_list[@]}"; do
    if [ "${__pb_count[x$__pb_one]-0}" -gt 0 ]; then
      __pb_count[x$__pb_one]=$((${__pb_count[x$__pb_one]} - 1))
    else __pb_kept+=("$__pb_one"); fi
  done
  __pb_list=("${__pb_front[@]}" "${__pb_kept[@]}" "${__pb_end[@]}")
  local IFS=:
  __pb_value="${__pb_list[*]}"
}
# Modules were loaded or unloaded since: the tool takes back what it did, as far as it can.
__pb_reverse() {
  local __pb_one __pb_b=__PYBUILD_${__PYBUILD_LEVEL}_B_LOADEDMODULES
  local __pb_d=__PYBUILD_${__PYBUILD_LEVEL}_D_LOADEDMODULES
  local __pb_then=":${!__pb_b-}:" __pb_after=":${!__pb_d-}:"
  __pb_say "modules were loaded or unloaded since; the module tool takes back what was done to modules," \
    "variables that only modules set may differ from before"
  __pb_tool
  __pb_split "${!__pb_d-}"
  for ((__pb_one = ${#__pb_list[@]} - 1; __pb_one >= 0; __pb_one--)); do
    [[ $__pb_then == *":${__pb_list[__pb_one]}:"* || ":$LOADEDMODULES:" != *":${__pb_list[__pb_one]}:"* ]] ||
      __pb_module unload "${__pb_list[__pb_one]}"
  done
  __pb_split "${!__pb_b-}"
  local -a __pb_earlier=("${__pb_list[@]}")
  for __pb_one in "${__pb_earlier[@]}"; do
    [[ $__pb_after == *":$__pb_one:"* || ":$LOADEDMODULES:" == *":$__pb_one:"* ]] ||
      __pb_module load "$__pb_one"
    [[ ":$LOADEDMODULES:" == *":$__pb_one:"* ]] || __pb_no "$__pb_one could not be loaded again"
  done
}
# Give one variable of the level that is taken back the value that it had before.
__pb_restore() {
  local __pb_b=__PYBUILD_${__PYBUILD_LEVEL}_B_$1 __pb_d=__PYBUILD_${__PYBUILD_LEVEL}_D_$1 __pb_one
  if [[ -n ${!__pb_d+x} && -n ${!1+x} && ${!1} != "${!__pb_d}" ]]; then
    __pb_merged "${!__pb_b-}" "${!__pb_d}" "${!1}"
    if [[ -n ${!__pb_b+x} && $__pb_value != "${!__pb_b}" || -z ${!__pb_b+x} && -n $__pb_value ]]; then
      __pb_put "$1" "$__pb_value"; export "$1=$__pb_value"
      for __pb_one in L U; do
        [ "$__pb_language" != fish ] || __pb_out "set -e __PYBUILD_${__PYBUILD_LEVEL}_${__pb_one}_$1"
      done
      return
    fi
  fi
  __pb_back "$1" "$__PYBUILD_LEVEL" "${!__pb_b+x}"
  if [ -n "${!__pb_b+x}" ]; then export "$1=${!__pb_b}"; else unset "$1"; fi
}
# The same where modules were changed since: what was not done by modules first, then the tool's part.
__pb_unravel() {
  local __pb_name __pb_m
  __pb_state SET
  for __pb_name in $__pb_value; do
    __pb_m=__PYBUILD_${__PYBUILD_LEVEL}_M_$__pb_name
    [ -z "${!__pb_m+x}" ] || __pb_record "__PYBUILD_${__PYBUILD_LEVEL}_B_$__pb_name" "${!__pb_m}"
    __pb_restore "$__pb_name"
  done
  __pb_look; __pb_keep
  for __pb_name in "${!__pb_now[@]}"; do __pb_before[$__pb_name]=${__pb_now[$__pb_name]}; done
  __pb_reverse
  __pb_look; __pb_differences
  for __pb_name in "${__pb_names[@]}"; do
    if [ -n "${__pb_now[$__pb_name]+x}" ]; then __pb_put "$__pb_name" "${__pb_now[$__pb_name]}"
    else __pb_drop "$__pb_name"; fi
  done
}
__pb_pop() {
  local __pb_level=$__PYBUILD_LEVEL __pb_name __pb_d __pb_names
  __pb_state NAMES
  __pb_d=__PYBUILD_${__pb_level}_D_LOADEDMODULES
  if [[ " $__pb_value " == *" LOADEDMODULES "* && ${LOADEDMODULES-} != "${!__pb_d-}" ]]; then
    __pb_unravel
  else
    for __pb_name in $__pb_value; do __pb_restore "$__pb_name"; done
  fi
  for __pb_name in $(compgen -e); do
    [[ $__pb_name != __PYBUILD_${__pb_level}_* ]] || { unset "$__pb_name"; __pb_drop "$__pb_name"; }
  done
  __pb_level=$((__pb_level - 1))
  if [ "$__pb_level" -gt 0 ]; then
    export __PYBUILD_LEVEL=$__pb_level; __pb_state PROGRAM
    __pb_record __PYBUILD_PROGRAM "$__pb_value"
    __pb_record __PYBUILD_LEVEL "$__pb_level"
  else
    unset __PYBUILD_LEVEL __PYBUILD_PROGRAM
    __pb_drop __PYBUILD_LEVEL; __pb_drop __PYBUILD_PROGRAM; __pb_undefine
    [ -z "${__PYBUILD_COMMAND+x}" ] || { unset __PYBUILD_COMMAND; __pb_drop __PYBUILD_COMMAND; }
  fi
}
"""
