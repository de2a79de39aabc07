"""How long one redraw of a slider's figure takes: `python tests/benchmarks/redraw.py`.

The budget is 100 ms from key press to new image. This measures the part that is ours, from values to PNG; the way to
the browser and back comes on top. As in a lesson, the next figure is laid out between two redraws.
"""

import math
import statistics
import time

from course_utils import plots, widgets


def draw(rank):
    """A typical figure: three lines, a dozen bars, labels."""
    figure, (left, right) = plots.figure(7, 3.5, 1, 2)
    for shift in range(3):
        left.plot([math.sin(i * rank / 100 + shift) for i in range(300)])
    left.set(xlabel="time (s)", ylabel="value")
    right.bar(range(12), range(12))
    right.set(xlabel="code", ylabel="share (%)")
    return figure


def main():
    widgets.render(draw, {"rank": 1})  # the first one loads fonts
    wall, processor = [], []
    for rank in range(1, 31):
        began, began_processor = time.perf_counter(), time.process_time()
        widgets.render(draw, {"rank": rank})
        wall.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - began_processor))
        plots.lay_out_ahead()
    for name, times in (("wall", wall), ("processor", processor)):
        low, _, high = statistics.quantiles(times, n=4)
        print(f"{name:9}  median {statistics.median(times):.0f} ms, quartiles {low:.0f} to {high:.0f} ms")


if __name__ == "__main__":
    main()
