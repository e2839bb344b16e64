#!/bin/bash
# cc, CC and ftn of a Cray in a box. What they add is decided by what the loaded modules set:
#   PE_ENV                    the compiler suite
#   PE_DEFAULT_LINK_TYPE      how craype links unless CRAYPE_LINK_TYPE or an option says otherwise
#   PE_PRODUCT_LIST           the products that are loaded, with ":" between; for each of them
#   <PRODUCT>_INCLUDE_OPTS, <PRODUCT>_POST_LINK_OPTS, <PRODUCT>_STATIC_LINK_OPTS
#   CRAY_ACCEL_TARGET         brings the GPU transport layer: PE_MPICH_GTL_{DIR,LIBS}_<target>

me=${0##*/}

stop() {
    echo "$me: error: $*" >&2
    exit 1
}

[ -n "${PE_ENV:-}" ] || stop "no programming environment is loaded (PE_ENV is not set); load a PrgEnv module"

case $PE_ENV in
    GNU) compilers=(gcc g++ gfortran) ;;
    INTEL) compilers=(icc icpc ifort) ;;
    CRAY) compilers=(craycc crayCC crayftn) ;;
    NVIDIA) compilers=(nvc nvc++ nvfortran) ;;
    AOCC) compilers=(clang clang++ flang) ;;
    AMD) compilers=(amdclang amdclang++ amdflang) ;;
    PGI) compilers=(pgcc pgc++ pgfortran) ;;
    *) compilers=(gcc g++ gfortran) ;;
esac
case $me in
    cc) compiler=${compilers[0]} ;;
    CC) compiler=${compilers[1]} ;;
    ftn) compiler=${compilers[2]} ;;
    *) stop "is called neither cc nor CC nor ftn" ;;
esac
type -P "$compiler" >/dev/null || stop "PE_ENV is $PE_ENV, but its compiler $compiler is not on the PATH"

mode=link inputs=0 shared= static= dynamic= verbose= accelerator=${CRAY_ACCEL_TARGET:-}
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        -shared) shared=yes arguments+=("$1") ;;
        -static) static=yes ;;
        -dynamic) dynamic=yes ;;
        -craype-verbose) verbose=yes ;;
        -target-accel=*) accelerator=${1#*=} ;;
        -target-cpu=* | -target-network=*) ;;
        --version | -V | -dump* | -print-*) mode=query arguments+=("$1") ;;
        -c | -S | -E | -M | -MM | -fsyntax-only) mode=compile arguments+=("$1") ;;
        -o | -x | -I | -L | -D | -U | -T | -u | -z | -include | -isystem | -iquote | -idirafter | -imacros | \
            -Xlinker | -MF | -MT | -MQ)
            arguments+=("$1")
            if [ $# -gt 1 ]; then
                shift
                arguments+=("$1")
            fi
            ;;
        -l*) inputs=1 arguments+=("$1") ;;
        -*) arguments+=("$1") ;;
        *) inputs=1 arguments+=("$1") ;;
    esac
    shift
done

[ -z "$shared$dynamic" ] || [ -z "$static" ] || stop "-static excludes -shared and -dynamic"
if [ -n "$static" ]; then
    type=static
elif [ -n "$shared$dynamic" ]; then
    type=dynamic
else
    type=${CRAYPE_LINK_TYPE:-${XTPE_LINK_TYPE:-${PE_DEFAULT_LINK_TYPE:-dynamic}}}
fi

command=("$compiler" -mtune=generic)
[ "$mode" = link ] && [ "$inputs" = 0 ] && mode=query
[ "$mode" = query ] && command=("$compiler")
[ "$mode$type" = linkstatic ] && command+=(-static)
command+=("${arguments[@]}")

add() { # the words of a variable, which may be unset
    local words
    read -r -a words <<<"${!1:-}"
    command+=("${words[@]}")
}

IFS=: read -r -a products <<<"${PE_PRODUCT_LIST:-}"
if [ "$mode" != query ]; then
    for product in "${products[@]}"; do add "${product}_INCLUDE_OPTS"; done
fi
if [ "$mode" = link ]; then
    [ "$me" != ftn ] || add PE_FORTRAN_LINK_OPTS
    for product in "${products[@]}"; do
        if [ "$type" = static ]; then add "${product}_STATIC_LINK_OPTS"; else add "${product}_POST_LINK_OPTS"; fi
    done
    if [ -n "$accelerator" ] && [ "$type" = dynamic ]; then
        accelerator=${accelerator//-/_}
        layer="PE_MPICH_GTL_LIBS_$accelerator"
        if [ -n "${!layer:-}" ]; then
            command+=(-Wl,--no-as-needed)
            add "PE_MPICH_GTL_DIR_$accelerator"
            add "$layer"
        fi
    fi
fi

[ -z "$verbose" ] || echo "${command[*]}"
exec "${command[@]}"
