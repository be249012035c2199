"""Sum a camera over a run, every MPI rank its own slice of ``run.times()``.

    mpiexec -n 2 python mpi_sum.py exp=cxidemo14:run=1:dir=../demo-data/xtc:idx

A script for psana; only its import changed. It adds into the array that ``data16()`` gives,
which is uint16 and wraps around at 65536; beside it stands the same sum in 64 bits.
"""

import sys

import numpy as np
from mpi4py import MPI

import xtcview as psana

comm = MPI.COMM_WORLD
rank, size = comm.Get_rank(), comm.Get_size()

src = psana.Source("DetInfo(CxiDg2.0:Tm6740.0)")
ds = psana.DataSource(sys.argv[1])
for run in ds.runs():
    times = run.times()
    share = -(-len(times) // size)
    sum = wide = None
    for t in times[rank * share : (rank + 1) * share]:
        evt = run.event(t)
        if evt is None:
            print("*** event fetch failed")
            continue
        pulnix = evt.get(psana.Camera.FrameV1, src)
        if pulnix is None:
            continue
        if sum is None:
            sum = pulnix.data16()
            wide = sum.astype(np.int64)
        else:
            sum += pulnix.data16()
            wide += pulnix.data16()

    # a rank without frames still takes part, with zeros
    shape = comm.allreduce(None if sum is None else sum.shape, op=lambda a, b: a or b)
    if shape is None:
        if rank == 0:
            print(f"run {run.run()} has no frames of {src}")
        continue
    if sum is None:
        sum, wide = np.zeros(shape, np.uint16), np.zeros(shape, np.int64)
    total, total_wide = np.empty_like(sum), np.empty_like(wide)
    comm.Reduce(sum, total)
    comm.Reduce(wide, total_wide)
    if rank == 0:
        print("uint16 as written:", int(total.sum(dtype=np.int64)))
        print("64 bits:          ", int(total_wide.sum()))
        wrapped = int((total != total_wide).sum())
        print(f"{wrapped} of {total.size} pixels wrapped around in uint16")
        print(f"the brightest pixel reached {total_wide.max()}; uint16 ends at 65535")
