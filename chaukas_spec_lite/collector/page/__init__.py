"""The page: what a person looks at events with, in a browser.

``static`` holds it. The modules here hand its files out, and know who has shown a key. All that the page shows, it
reads from the calls under ``/api``.
"""
