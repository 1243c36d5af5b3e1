"""WS-Management as a Windows host speaks it (DSP0226, [MS-WSMV]): envelopes, faults, shells, dispatch; no sockets."""
