/* The login node of a box: preloaded, it ends every process that starts MPI, with the words of Cray MPICH.
   The lines stand in NERSC's documentation of Python, August 2019. */
#include <stdio.h>
#include <stdlib.h>

static int refuse(void)
{
    fputs("Fatal error in PMPI_Init_thread: Other MPI error, error stack:\n"
          "MPIR_Init_thread(537):\n"
          "MPID_Init(246).......: channel initialization failed\n"
          "MPID_Init(647).......:  PMI2 init failed: 1\n", stderr);
    fflush(stderr);
    abort();
}

int MPI_Init(int *count, char ***words) { (void)count; (void)words; return refuse(); }
int PMPI_Init(int *count, char ***words) { (void)count; (void)words; return refuse(); }

int MPI_Init_thread(int *count, char ***words, int wanted, int *given)
{
    (void)count; (void)words; (void)wanted; (void)given;
    return refuse();
}

int PMPI_Init_thread(int *count, char ***words, int wanted, int *given)
{
    (void)count; (void)words; (void)wanted; (void)given;
    return refuse();
}

int MPI_Session_init(void) { return refuse(); }
int PMPI_Session_init(void) { return refuse(); }
void mpi_init_(void) { refuse(); }
void mpi_init_thread_(void) { refuse(); }
