"""Interception for apps whose base URL cannot be changed: a forward proxy that tells what passes. Own process.

hosts      which hosts are decrypted, pure        authority  the certificate authority of this installation
flows      mitmproxy's hooks as the five events   forward    the proxy itself
http1      what mitmproxy's HTTP/1.1 lacks        destinations  what was decrypted, what passed
refusals   answers of our own                  redirected  what comes by rules of the kernel
wireguard  the keys of a tunnel                hops       what of a head stays on its hop, pure

The only importer of mitmproxy, which is an extra; `authority` needs `cryptography`, which comes with it. Nothing here
records, decodes or stores, and what is not listed passes unread.
"""
