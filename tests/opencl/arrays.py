# SPDX-License-Identifier: MIT
"""PyOpenCL's own kernels (elementwise, reduction, scan) against numpy."""

import numpy
import pyopencl
import pyopencl.array as array
from pyopencl.scan import GenericScanKernel

context = pyopencl.create_some_context(interactive=False)
queue = pyopencl.CommandQueue(context)
numbers = numpy.random.default_rng(1)
a, b = (numbers.integers(0, 1000, 5000).astype(numpy.int32) for _ in range(2))
x, y = array.to_device(queue, a), array.to_device(queue, b)

assert ((x + 3 * y).get() == a + 3 * b).all(), "elementwise"
assert array.sum(x).get() == a.sum(), "reduction"
assert array.max(x).get() == a.max(), "maximum"
assert array.dot(x, y).get() == a.dot(b), "dot"
scan = GenericScanKernel(context, numpy.int32, arguments="__global int *p, __global int *q",
                         input_expr="p[i]", scan_expr="a+b", neutral="0",
                         output_statement="q[i] = item;")
out = array.empty_like(x)
scan(x, out, queue=queue)
assert (out.get() == numpy.cumsum(a)).all(), "scan"
f = numbers.random(5000).astype(numpy.float32)
z = array.to_device(queue, f)
assert numpy.allclose((z * z + 1).get(), f * f + 1), "float"
print("all right")
