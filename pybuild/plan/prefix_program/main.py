"""The program from its arguments to its end."""

from __future__ import annotations

MAIN = r"""
# Other environments stand aside as long as this one is active, and come back with what they had.
__pb_surroundings() {
  local __pb_name __pb_one
  for __pb_name in CONDA_PREFIX VIRTUAL_ENV; do
    [[ -z ${!__pb_name-} || ${!__pb_name} == "$__pb_prefix" || $__pb_action == run ]] ||
      __pb_say "${!__pb_name} is active ($__pb_name); $__pb_prefix comes before it until pybuild_deactivate"
  done
  unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME
  export CONDA_PREFIX="$__pb_prefix" CONDA_DEFAULT_ENV="$__pb_prefix"
  __pb_front PATH "$__pb_prefix/bin"
  for __pb_one in "$__pb_prefix"/etc/conda/activate.d/*.sh; do
    [[ ! -r $__pb_one || $__pb_one == */pybuild.sh ]] || . "$__pb_one" 46>&-
    set +euxv
  done
}
__pb_main() {
  local __pb_level __pb_one
  case $__pb_action in
    activate)
      if [ -n "$__pb_refusal" ]; then __pb_no "$__pb_refusal"; return; fi
      while __pb_state WHO && [ "$__pb_value" = "$__pb_mode:$__pb_prefix" ]; do __pb_pop; done
      __pb_push ;;
    deactivate)
      if [ "$__pb_mode" = own ]; then
        __pb_state WHO || { __pb_no "no environment of pybuild is active"; return; }
        case $__pb_value in
          own:*) __pb_pop ;;
          *) __pb_no "the innermost environment is conda's; type: conda deactivate" ;;
        esac
        return
      fi
      for ((__pb_level = ${__PYBUILD_LEVEL-0}; __pb_level > 0; __pb_level--)); do
        __pb_one=__PYBUILD_${__pb_level}_WHO
        [ "${!__pb_one-}" = "conda:$__pb_prefix" ] || continue
        while [ "${__PYBUILD_LEVEL-0}" -ge "$__pb_level" ]; do __pb_pop; done
        return
      done ;;
  esac
}
__pb_run() {
  if [ -n "$__pb_refusal" ]; then __pb_say "$__pb_refusal"; exit "$__pb_code"; fi
  __pb_push
  if [ "$__pb_status" != 0 ]; then __pb_say "so $1 is not started"; exit "$__pb_code"; fi
  if ! type -P -- "$1" >/dev/null; then
    __pb_say "$1: there is no such command in the environment of $__pb_prefix"
    exit 127
  fi
  exec 1>&46 46>&-
  exec "$@"
}
__pb_action=$1 __pb_language=$2 __pb_mode=$3 __pb_program=${BASH_SOURCE[0]}
shift 3
set +euxv
shopt -u patsub_replacement nocasematch 2>/dev/null
exec 46>&1 1>&2
if [ "$__pb_action" = run ]; then __pb_run "$@"; fi
__pb_main
__pb_finish
"""
