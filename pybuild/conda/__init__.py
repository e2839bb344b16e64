"""The only folder that imports rattler, conda's engine: transactions, solves, channel indexes.

py-rattler 0.28 on Python 3.11 sometimes aborts while the interpreter shuts down after an asyncio call
(``PyGILState_Release``: one of its threads comes back too late). pybuild therefore never shuts the
interpreter down: ``pybuild.__main__.run`` ends the process with ``os._exit`` once everything is flushed.
"""
