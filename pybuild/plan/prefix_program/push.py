"""How the program makes an environment, and remembers what was before."""

from __future__ import annotations

PUSH = r"""
declare -A __pb_now __pb_before __pb_between
# Fill __pb_now with what is exported, without the shell's own housekeeping.
__pb_look() {
  local __pb_name IFS=$' \t\n'
  __pb_now=()
  for __pb_name in $(compgen -e); do
    case $__pb_name in
      __PYBUILD_* | __pb_* | _ | SHLVL | PWD | OLDPWD | LINES | COLUMNS | IFS | SHELLOPTS | BASHOPTS | UID | \
        OPTIND | OPTARG | OPTERR | EUID | PPID | GROUPS | RANDOM | SRANDOM | SECONDS | EPOCH* | LINENO | \
        BASH | BASHPID | BASH_[ACLRSV]* | COMP_WORDBREAKS | DIRSTACK | FUNCNAME | HISTCMD) ;;
      *) [ -z "${!__pb_name+x}" ] || __pb_now[$__pb_name]=${!__pb_name} ;;
    esac
  done
}
# Fill __pb_names with the variables that differ between __pb_between and __pb_now.
__pb_differences() {
  local __pb_name
  __pb_names=()
  for __pb_name in "${!__pb_now[@]}"; do
    [[ -n ${__pb_between[$__pb_name]+x} && ${__pb_between[$__pb_name]} == "${__pb_now[$__pb_name]}" ]] ||
      __pb_names+=("$__pb_name")
  done
  for __pb_name in "${!__pb_between[@]}"; do
    [ -n "${__pb_now[$__pb_name]+x}" ] || __pb_names+=("$__pb_name")
  done
}
__pb_keep() {
  local __pb_name
  __pb_between=()
  for __pb_name in "${!__pb_now[@]}"; do __pb_between[$__pb_name]=${__pb_now[$__pb_name]}; done
}
__pb_state() {
  local __pb_key="__PYBUILD_${__PYBUILD_LEVEL-0}_$1"
  __pb_value=${!__pb_key-}
  [ -n "${!__pb_key+x}" ]
}
__pb_record() { export "$1=$2"; __pb_put "$1" "$2"; }
__pb_front() {
  [[ ":${!1-}" == ":$2" || ":${!1-}" == ":$2:"* ]] || export "$1=$2${!1:+:${!1}}"
}
__pb_push() {
  local __pb_level=$((${__PYBUILD_LEVEL-0} + 1)) __pb_name __pb_set
  __pb_look; __pb_keep
  __pb_before=()
  for __pb_name in "${!__pb_now[@]}"; do __pb_before[$__pb_name]=${__pb_now[$__pb_name]}; done
  [ -z "$__pb_modules" ] || { __pb_tool; __pb_operations; }
  __pb_look; __pb_keep
  [ "$__pb_mode" != own ] || __pb_surroundings
  __pb_settings
  [ "$__pb_mode" != own ] || __pb_front PATH "$__pb_prefix/bin"
  __pb_checks
  [ "$__pb_action" != run ] || return
  __pb_look; __pb_differences; __pb_set=${__pb_names[*]}
  for __pb_name in "${__pb_names[@]}"; do
    [[ -z ${__pb_between[$__pb_name]+x} || ${__pb_between[$__pb_name]} == "${__pb_before[$__pb_name]-}" ]] ||
      __pb_put "__PYBUILD_${__pb_level}_M_$__pb_name" "${__pb_between[$__pb_name]}"
  done
  __pb_between=()
  for __pb_name in "${!__pb_before[@]}"; do __pb_between[$__pb_name]=${__pb_before[$__pb_name]}; done
  __pb_differences
  for __pb_name in "${__pb_names[@]}"; do
    __pb_save "$__pb_name" "$__pb_level" "${__pb_before[$__pb_name]+x}"
    if [ -n "${__pb_now[$__pb_name]+x}" ]; then
      __pb_put "$__pb_name" "${__pb_now[$__pb_name]}"
      case $__pb_name in
        *PATH* | *DIRS | LOADEDMODULES)
          __pb_put "__PYBUILD_${__pb_level}_D_$__pb_name" "${__pb_now[$__pb_name]}" ;;
      esac
    else
      __pb_drop "$__pb_name"
    fi
  done
  __pb_record "__PYBUILD_${__pb_level}_NAMES" "${__pb_names[*]}"
  __pb_record "__PYBUILD_${__pb_level}_SET" "$__pb_set"
  __pb_record "__PYBUILD_${__pb_level}_WHO" "$__pb_mode:$__pb_prefix"
  __pb_record "__PYBUILD_${__pb_level}_PROGRAM" "$__pb_program"
  __pb_record __PYBUILD_PROGRAM "$__pb_program"
  __pb_record __PYBUILD_LEVEL "$__pb_level"
  [ "$__pb_mode" != own ] || __pb_define
}
"""
