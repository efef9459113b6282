"""The api room: FastAPI routers, one file a noun."""
