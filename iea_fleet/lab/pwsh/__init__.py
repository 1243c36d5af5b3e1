"""Engine `pwsh`: each workstation is a folder, and PowerShell commands run in a real PowerShell 7 **as the user**.

Whoever has the lab's password can run anything as the user who opened the lab; that is why the endpoint listens on
loopback only and the password is made anew each time.
"""
