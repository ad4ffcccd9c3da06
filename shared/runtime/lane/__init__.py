"""Runs one core on one queue, so that each message takes effect once although it may be delivered twice.

For each delivery, in this order:

1. ``handle``: the pure core turns the message into messages;
2. ``publish``: the broker has confirmed them;
3. ``commit``: the message joins the lane's log in the store (``commit_log``: in groups, off the hot path);
4. ``ack``.

Killed before 2, nothing has happened and the broker delivers again. Killed between 2 and 3, the message is handled again
from the same state, so the same ids are published again and the next lane drops them. Killed between 3 and 4, the log has
the message and the repeat is dropped. So every effect happens once, and no order waits for the store.

The state is loaded at the first delivery, not at the start: the broker passes a queue with a single active consumer to a
standby as soon as its owner dies, and the state must be the one that the owner left. An owner that drains announces it
first, because the broker activates the standby before the owner's last deliveries are settled; the standby waits for it. A
lane whose epoch was superseded (its process was frozen, not dead) is Fenced: it requeues its deliveries and stands by. A
lane whose connection was lost and came back loads again before it handles anything: another process may have had the lane
meanwhile, and a stale core would publish before the commit is refused.
"""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
