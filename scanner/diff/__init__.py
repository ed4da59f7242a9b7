"""What one report tells otherwise than an earlier one: what an update of an image changed.

Compares reports only; looks at no image.
"""

from scanner.diff.compare import compare, compare_batches
from scanner.diff.model import Comparison, Comparisons

__all__ = ["Comparison", "Comparisons", "compare", "compare_batches"]
