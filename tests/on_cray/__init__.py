"""The whole way on a simulated Cray: real module tools, a real wrapper, a real Slurm."""
