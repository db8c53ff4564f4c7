// EtcdAPI
