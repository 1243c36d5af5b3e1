"""The hand-over of what can't be mended from afar: a mail to the vendor in the outbox, and a bundle of evidence.

`hand_over.hand_over` does both for one host; `draft`, `mail` and `bundle` make them without any I/O, `outbox` keeps the
mails, `send` sends them by SMTP, `settings` holds what a provider configures. Nothing is sent unless `send` is called.
"""
