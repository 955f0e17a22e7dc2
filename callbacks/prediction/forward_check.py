"""What a module's ``forward`` returns, looked at in validation: before a training rather than after it.

A callback that replaces what ``forward`` returns in tests can't know ``test_step``, but ``validation_step`` usually does the
same, and its first batch comes early. Nothing is computed for this: a hook sees what the validation computes anyway.
"""

from __future__ import annotations

import logging
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException
from torch import Tensor

from ..module_outputs.logits import extract_logits
from ..module_outputs.test_outputs import regression_outputs

log = logging.getLogger(__name__)


def check_logits(output: Any, key: str | None, asks: str, module: Any, multi_label: bool) -> Tensor:
    """Return the logits in what a ``forward`` returned, if they can be ones.

    Args:
        output: A tensor, or a dictionary that holds one.
        key: The key in the dictionary.
        asks: Name of the callback, for the message.
        module: The module, for the message.
        multi_label: Whether each logit is a prediction of its own.

    Raises:
        MisconfigurationException: There are none, or one number for each row: a softmax would make the same of all of them.
    """
    logits = extract_logits(output, key, asks, module)
    name = type(module).__name__
    if not isinstance(logits, Tensor) or logits.ndim < 2:
        what = f"numbers {list(logits.shape)}" if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
        raise MisconfigurationException(f"{asks} needs {name}.forward to return logits [B, classes]; it returns {what}.")
    if logits.shape[-1] == 1 and not multi_label:
        raise MisconfigurationException(
            f"{asks}: {name}.forward returns one logit for each row, whose softmax is 1 whatever it is; set multi_label=True if "
            "its sigmoid is the probability."
        )
    return logits


class ForwardCheck:
    """Checks the first batch of each validation within a fit.

    Args:
        asks: Name of the callback, for messages.
    """

    def __init__(self, asks: str) -> None:
        self.asks = asks
        self._outputs: list[Any] = []
        self._handle: Any = None
        self._said = False

    def begin(self, module: LightningModule) -> None:
        """Begin to look."""
        self.remove()
        self._outputs = []
        self._handle = module.register_forward_hook(lambda _, inputs, output: self._outputs.append(output))

    def end(self, module: LightningModule, step_output: Any, key: str | None, multi_label: bool) -> None:
        """Check what was seen, if :meth:`begin` was called.

        Args:
            module: The module.
            step_output: What ``validation_step`` returned.
            key: The key of the logits if ``forward`` returns a dictionary.
            multi_label: As :func:`check_logits` takes it.

        Raises:
            MisconfigurationException: ``forward`` returns no logits, or the module predicts numbers.
        """
        if self._handle is None:
            return
        self.remove()
        outputs, self._outputs = self._outputs, []
        name = type(module).__name__
        if regression_outputs(step_output) is not None:
            raise MisconfigurationException(f"{self.asks} is for classifiers; {name} predicts numbers.")
        for output in outputs[:1]:
            check_logits(output, key, self.asks, module, multi_label)
        if not outputs and not self._said:
            self._said = True
            log.warning(
                f"{self.asks}: {name}.validation_step does not call self(x). If test_step does not either, the test will be "
                f"refused: {self.asks} replaces what forward returns."
            )

    def remove(self) -> None:
        """Stop looking."""
        if self._handle is not None:
            self._handle.remove()
        self._handle = None
